// The options of a search, and its report.
#pragma once

#include <cstddef>
#include <cstdint>

#include "graph/walk.hpp"
#include "search/planner.hpp"

namespace vecq {

class Filter;

// For each query, ids that it is not answered with: those in [offsets[query], offsets[query + 1]).
// Unknown ids are ignored.
struct Exclusions {
    const int64_t* offsets = nullptr;  // null: none
    const int64_t* ids = nullptr;
};

struct SearchOptions {
    size_t k;
    size_t ef;      // beam width of a walk, at least k
    size_t rerank;  // candidates that are rescored by rerank codes
    int query_bits;
    size_t threads;
    Plan plan = Plan::automatic;
    const Filter* filter = nullptr;
    Exclusions exclude = {};
    size_t first_query = 0;  // errors number queries from it
};

struct SearchReport {
    WalkCounts walked = {};
    Plan plan = Plan::automatic;
    Costs costs = {};
    size_t passing = 0;  // rows that pass the filter
    size_t starved = 0;  // queries whose walk found too little, so that a scan followed
};

// Arrays of the caller.
struct Found {
    int64_t* ids;   // k per query, -1 where there are fewer
    float* scores;  // the same, minus infinity
    int64_t* counts;
};

}  // namespace vecq
