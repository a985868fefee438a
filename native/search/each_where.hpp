// Answers a call in which each query has an expression over attributes of its own.
#pragma once

#include "search/search.hpp"

namespace vecq {

// As `search`. Queries whose conditions allow runs of an order of rows are scanned together, see
// WindowScan. Of the others, queries that share an expression are answered together, with one plan,
// and the rest in one call, in which each has a filter and a plan of its own.
SearchReport search_each(const IndexState& state, FairSharedMutex& searches,
                         SearcherPool& searchers, const SearchCall& call);

}  // namespace vecq
