// Answers queries by scoring all allowed rows.
#pragma once

#include "search/request.hpp"

namespace vecq {

// Scans for pending queries until all are answered or the slice is over. Adds to `report`.
void scan_rows(const Request& request, SearcherPool& searchers, Pending& pending,
               SearchReport& report);

// Scans the rows of `passing`, null for all, for the searcher's query `i`. Writes the best to its
// keys.
void scan_for(const Request& request, Searcher& searcher, size_t i, RowFilter filter,
              const Passing* passing);

// Scans deeper and deeper for one query, until groups leave enough results or no row is left, and
// delivers it. The filter needs a set.
void deliver_by_scan(const Request& request, Searcher& searcher, const EncodedQuery& coarse,
                     const EncodedQuery& query, RowFilter filter, const Passing* passing,
                     size_t number);

// Returns the visible row of an id, or kNoRow.
inline uint32_t visible_row(const IndexState& state, int64_t id) {
    const uint32_t row = state.rows.ids().find(id);
    return state.rows.slots().is_visible(row) ? row : kNoRow;
}

}  // namespace vecq
