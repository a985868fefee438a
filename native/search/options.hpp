// The options of a search, and its report.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "graph/walk.hpp"
#include "search/planner.hpp"

namespace vecq {

class Filter;
class Groups;
class WhereFilters;

// The ids that each query must not return: ids[offsets[query]] up to ids[offsets[query + 1]].
// Unknown ids are ignored.
struct Exclusions {
    const int64_t* offsets = nullptr;  // null: none
    const int64_t* ids = nullptr;
};

// Arrays with an element per query are gathered for parts of a call: see Part in each_where.cpp.
struct SearchOptions {
    size_t k;
    size_t ef;      // beam width of a walk, at least k
    size_t rerank;  // number of candidates to rescore with rerank codes
    int query_bits;
    size_t threads;
    Plan plan = Plan::automatic;
    const Filter* filter = nullptr;
    Exclusions exclude = {};
    size_t first_query = 0;              // errors number queries from this
    const int32_t* cancelled = nullptr;  // the caller's flag, see Slice; may be null
    size_t probes = 0;  // number of cells to scan per query; 0: the default, and not chosen by cost
    // Weights of item biases, one per query; null: 1.
    const float* bias_weights = nullptr;
    // Null: results are not limited by group.
    const Groups* groups = nullptr;
    size_t per_group = 1;
    // How unlike each other results should be, 0 to 1, chosen among the best `candidates`.
    float diversity = 0;
    size_t candidates = 0;

    // Number of the best items among which results are chosen, after groups.
    size_t ranked() const { return diversity > 0 ? std::max(k, candidates) : k; }

    float bias_weight(size_t query) const {
        return bias_weights == nullptr ? 1 : bias_weights[query];
    }
    // Expressions over attributes, see search/where.hpp: none, one for all queries, or one per
    // query, of which null ones allow all items. `filter` must allow the items, too.
    std::span<const char* const> where = {};
    WhereFilters* where_filters = nullptr;  // that evaluates them
};

struct SearchReport {
    WalkCounts walked = {};
    Plan plan = Plan::automatic;
    Costs costs = {};
    size_t passing = 0;      // rows that the filter allows
    double beam_factor = 1;  // by which item biases widen the beam
    double deeper_cost = 0;  // estimated seconds that walks took to go deeper
    size_t starved = 0;      // queries whose walk found too few rows, so that a scan followed
    // Of queries with filters of their own: how many were scanned, and their allowed rows in all.
    size_t scanned = 0, own_passing = 0;
};

// The output arrays, owned by the caller.
struct Found {
    int64_t* ids;     // k per query, padded with -1
    float* scores;    // k per query, padded with minus infinity
    int64_t* counts;  // number of results per query
};

}  // namespace vecq
