// Answers queries by scans of the cells whose centroids are nearest to them.
#pragma once

#include "search/request.hpp"

namespace vecq {

// Probes for pending queries until all are answered or the slice is over. Adds to `report`.
// Requires cells, and one filter for all queries.
void probe_cells(const Request& request, SearcherPool& searchers, Pending& pending,
                 SearchReport& report);

}  // namespace vecq
