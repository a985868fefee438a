// The state of the builder that files and snapshots need.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vecq {

struct BuilderState {
    uint64_t level_rng;        // state of the generator of levels
    size_t rows_since_repair;  // rows added or removed since the last repair pass
    bool has_partial_links;    // links may lead to rows that are not visible
};

}  // namespace vecq
