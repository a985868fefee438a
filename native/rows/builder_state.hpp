// What a file keeps of the builder, and what a snapshot has to know of it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vecq {

struct BuilderState {
    uint64_t level_rng;        // state of the random numbers that levels are drawn from
    size_t rows_since_repair;  // added or removed since unreachable rows were looked for
    bool has_partial_links;    // links may lead to rows that are not visible
};

}  // namespace vecq
