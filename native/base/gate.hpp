// Which rows a query may be answered with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/row_set.hpp"

namespace vecq {

struct Gate {
    const uint64_t* allowed = nullptr;  // a bit for each row; null: all
    std::span<const uint32_t> excluded_rows = {};
    const RowSet* excluded = nullptr;  // the same, as a set; null where none are, or none is needed
    // Where less than this part of a walk's neighbours is allowed, of late, the others are stepped over: they
    // are not scored, and their links are read in their place.
    float expected = 1, steps_below = 0;
    // So many rows that may not be answered with are worth keeping on a walk, for where they lead.
    size_t guides = 0;

    bool allows(uint32_t row) const {
        return allowed == nullptr || (allowed[row / 64] >> row % 64 & 1) != 0;
    }
    bool keeps(uint32_t row) const {
        return allows(row) && (excluded == nullptr || !excluded->holds(row));
    }
};

}  // namespace vecq
