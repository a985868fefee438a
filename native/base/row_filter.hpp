// The rows that a query may return: a bitmap per call, and excluded rows per query.
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
    // A set of excluded_rows; null if they are empty or no reader needs the set.
    const RowSet* excluded = nullptr;
    // The local selectivity that a walk assumes at its start, and the one below which it steps over
    // rejected nodes: reads their neighbors instead of scoring them.
    float expected_share = 1, step_over_below = 0;
    // Number of places in the beam for rejected rows, which only route the walk.
    size_t routing_candidates = 0;

    // Whether the filter of the call allows the row.
    bool allows(uint32_t row) const { return allowed == nullptr || test_bit(allowed, row); }
    // Whether the query may return the row.
    bool may_return(uint32_t row) const {
        return allows(row) && (excluded == nullptr || !excluded->holds(row));
    }
};

}  // namespace vecq
