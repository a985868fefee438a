// Searches an index: plans a call, then answers its queries in slices, by walks or by scans.
//
//   plan > encode > walk or scan by the high byte > rescore with both bytes
//   > rescore with rerank codes > write results
#pragma once

#include "rows/index_state.hpp"
#include "search/options.hpp"
#include "search/request.hpp"

namespace vecq {

// `searches` is IndexLocks::searches. Each query is answered from one state of the index.
SearchReport search(const IndexState& state, FairSharedMutex& searches, SearcherPool& searchers,
                    const SearchCall& call);

}  // namespace vecq
