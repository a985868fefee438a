// Which rows a query may be answered with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bitset.hpp"
#include "base/row_set.hpp"

namespace vecq {

struct RowFilter {
    const uint64_t* allowed = nullptr;  // one bit per row; null: all
    std::span<const uint32_t> excluded_rows = {};
    const RowSet* excluded =
        nullptr;  // the same rows; null if there are none or no reader needs it
    // The selectivity around a query that a walk expects at first, and the selectivity below which
    // it steps over rejected nodes: it does not score them and reads their neighbors instead.
    float expected_share = 1, step_over_below = 0;
    // Places in the beam for rejected rows, which only route the walk.
    size_t routing_candidates = 0;

    // Whether the row passes the filter of the call.
    bool allows(uint32_t row) const { return allowed == nullptr || test_bit(allowed, row); }
    // Whether the query may be answered with the row.
    bool may_return(uint32_t row) const {
        return allows(row) && (excluded == nullptr || !excluded->holds(row));
    }
};

}  // namespace vecq
