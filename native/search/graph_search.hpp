// Answers queries by walks over the graph.
#pragma once

#include "search/request.hpp"

namespace vecq {

// Walks for pending queries until all are answered or the slice is over. Adds to `report`.
void walk_graph(const Request& request, SearcherPool& searchers, Pending& pending,
                SearchReport& report);

}  // namespace vecq
