// Answers queries by scoring all allowed rows.
#pragma once

#include "search/request.hpp"

namespace vecq {

// Scans for pending queries until all are answered or the slice is over. Adds to `report`.
void scan_rows(const Request& request, SearcherPool& searchers, Pending& pending,
               SearchReport& report);

// Scans for the searcher's query `i`, whose walk found too few rows, and writes the best to its
// keys.
// Scans deeper and deeper for one query, until groups leave enough results or no row is left, and
// delivers it. The filter needs a set.
void deliver_by_scan(const Request& request, Searcher& searcher, const EncodedQuery& coarse,
                     const EncodedQuery& query, RowFilter filter, size_t number);
void scan_for(const Request& request, Searcher& searcher, size_t i, RowFilter filter);

// Returns the visible row of an id, or kNoRow.
inline uint32_t visible_row(const IndexState& state, int64_t id) {
    const uint32_t row = state.rows.ids().find(id);
    return state.rows.slots().is_visible(row) ? row : kNoRow;
}

}  // namespace vecq
