// One search call, and its view of the index during one slice.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/slice.hpp"
#include "rows/row_list.hpp"
#include "search/filter.hpp"
#include "search/searcher.hpp"

namespace vecq {

struct SearchCall {
    const float* queries;
    size_t count;
    const SearchOptions& options;
    const Found& found;
};

// A call resolved against the state of the index in one slice. Valid while the slice holds the
// lock.
struct Request {
    Request(const IndexState& state, const SearchCall& call);

    const float* query(size_t i) const { return call.queries + i * state.dim; }
    size_t number_of(size_t i) const { return call.options.first_query + i; }
    // Number of best rows per query to sort and rescore.
    size_t wanted() const { return std::max(depth, call.options.rerank); }
    // The weight of item biases in the scores of query `i`: 0 if no item has one.
    float bias_weight(size_t i) const {
        return state.rows.biased() == nullptr ? 0 : call.options.bias_weight(i);
    }
    // Sets the weights of the queries that a searcher holds, from number `first` on.
    void weigh_biases(Searcher& searcher, size_t first) const;
    // Widens the beam `factor` times.
    void widen(double factor);
    // Whether walks with item biases choose their depth themselves.
    bool adapts_to_biases() const {
        return call.options.plan == Plan::automatic && state.rows.biased() != nullptr;
    }
    // Whether the depth of walks may change the plan.
    bool may_change_plan() const {
        return call.options.plan == Plan::automatic &&
               (state.rows.biased() != nullptr || call.options.groups != nullptr);
    }
    bool has_filter() const { return passing != nullptr || has_own_filters(); }
    // Whether each query has an expression of its own.
    bool has_own_filters() const { return call.options.where.size() > 1; }
    // The rows that query `i` may return, `passing` included; null: all.
    std::shared_ptr<const Passing> passing_of(size_t i) const;
    // Walk or scan, whichever costs less for one query with a filter of its own.
    Plan plan_of(const Passing* own) const;
    // The costs of one query that may return `count` items, with a beam of `width`.
    Costs costs_of_one(size_t count, size_t width) const;
    // The rows of a scan. The first call may list them.
    RowList rows() const { return rows_of(passing.get()); }
    // Those of a query with a filter of its own; null: all rows.
    RowList rows_of(const Passing* passing) const;
    size_t row_count() const;
    Question question() const;

    const IndexState& state;
    const SearchCall& call;
    std::shared_ptr<const Passing> passing;  // null: no filter
    size_t passing_count;                    // number of allowed items
    const uint64_t* allowed;                 // one bit per row; null: all
    size_t depth;  // number of the best items to find for each query: more than k if groups choose
    size_t beam_width, scan_width;
    size_t probes;  // number of cells to scan per query; 0: there are none
    Plan plan;
    Slice slice;
    size_t end;  // no walk begins for queries from this one on
};

// The queries that earlier slices of a call left unanswered.
struct Pending {
    struct Range {
        size_t first, count;
    };
    std::vector<Range> unfinished;
    size_t next = 0;  // the first query that no slice has started

    bool is_empty(size_t count) const { return next >= count && unfinished.empty(); }
};

// Rescores the searcher's keys with rerank codes if the call has `rerank`, chooses among them by
// groups and diversity, and writes the results of query `number`. Of the keys the first `trusted`
// are the best items: if groups take results behind them, or too few, it writes nothing and returns
// false.
bool deliver(const Request& request, Searcher& searcher, size_t number, size_t trusted = SIZE_MAX);
// Writes empty results for `count` queries from `first` on.
void deliver_nothing(const SearchCall& call, size_t first, size_t count);

}  // namespace vecq
