// Answers a call in which each query has an expression over attributes of its own.
#pragma once

#include "search/search.hpp"

namespace vecq {

// As `search`. Queries that share an expression are answered together, with one plan; all others
// in one call, in which each has a filter and a plan of its own.
SearchReport search_each(const IndexState& state, FairSharedMutex& searches,
                         SearcherPool& searchers, const SearchCall& call);

}  // namespace vecq
