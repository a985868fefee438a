#include "search/graph_search.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <iterator>
#include <mutex>
#include <optional>

#include "search/bias_depth.hpp"
#include "search/effort.hpp"
#include "search/parallel.hpp"
#include "search/scan_search.hpp"
#include "search/search_view.hpp"

namespace vecq {
namespace {

// Queries per task at most.
constexpr size_t kQueriesPerTask = 32;
// Places in the beam for rows that turn out to be no items.
constexpr size_t kStrayPlaces = 16;
constexpr size_t kRescoreMargin = 8;
// Excluded rows are dropped after a walk if they are at most this share of its beam, and about as
// many for all queries of the call: all get places for the longest list.
constexpr double kMostDropped = 0.5, kMostOfMean = 2;
constexpr size_t kFewDropped = 16;
// A beam for groups grows up to kMostDeeper times, and up to 1 / kScannedShare of the items.
constexpr size_t kMostDeeper = 32, kScannedShare = 8, kStep = 16;

// A walk stops once the next node is farther than the ef-th best row is likely to be.
StopRule stop_of(Metric metric, float growth, size_t k, size_t width) {
    if (growth == 0) return {};
    const double squared = std::pow(static_cast<double>(width) / k, 2.0 * growth);
    return {k, metric == Metric::cosine ? 1.0F : 0.0F, static_cast<float>(squared)};
}

// An upper bound of what biases add to scores.
float largest_bias(const IndexState& state, float weight) {
    if (weight == 0) return 0;
    return weight * (weight > 0 ? state.bias_extremes.largest() : state.bias_extremes.smallest());
}

// Rows that pass may lie together, so that around a query fewer pass than overall. If at least a
// quarter of all rows pass, a walk steps over rejected nodes where local selectivity is low. Below
// that, stepping over would find some rows that pass but no way to the best of them: the beam keeps
// routing candidates.
void set_routing(RowFilter& filter, const Request& request, size_t passing) {
    constexpr float kManyPass = 0.25F;
    constexpr size_t kCandidates = 3, kCandidatesIfFewPass = 10;
    const size_t all = request.state.rows.slots().count();
    const size_t width = request.beam_width, rejected = all - passing;
    const float share = static_cast<float>(passing) / static_cast<float>(all);
    filter.expected_share = share;
    if (request.plan == Plan::step_over) {
        filter.step_over_below = 2;
    } else {
        const bool many_pass = share >= kManyPass;
        filter.step_over_below = many_pass ? share / 2 : 0;
        // Rejected rows take places in proportion to their number; around a query there may be
        // more.
        filter.routing_candidates =
            std::min({rejected, (many_pass ? kCandidates : kCandidatesIfFewPass) * width,
                      width + 2 * width * rejected / passing});
    }
    filter.routing_candidates += filter.excluded_rows.size();
}

// How a walk keeps excluded rows out of the results: by a filter, or by dropping them afterwards,
// where the beam has `places` more so that as many other rows remain. That costs less for few rows.
struct Dropping {
    bool is_chosen = false;
    size_t places = 0;
};

// Looks at the whole call, so that results do not depend on how threads share it.
Dropping dropping_of(const Request& request) {
    const int64_t* offsets = request.call.options.exclude.offsets;
    const size_t count = request.call.count;
    if (offsets == nullptr || request.has_filter() || count == 0) return {};
    int64_t most = 0;
    for (size_t i = 0; i < count; ++i) most = std::max(most, offsets[i + 1] - offsets[i]);
    const auto places = static_cast<double>(most);
    const double mean = static_cast<double>(offsets[count] - offsets[0]) / count;
    if (places > kMostDropped * static_cast<double>(request.beam_width) ||
        places > kMostOfMean * mean + kFewDropped)
        return {};
    return {true, static_cast<size_t>(most)};
}

// Totals over the tasks of a call.
struct Totals {
    std::atomic<size_t> starved = 0;
    // Of queries with filters of their own: how many were scanned, and their allowed rows.
    std::atomic<size_t> scanned = 0, passing = 0, scanned_rows = 0;
    std::atomic<double> deeper_cost = 0;  // see SearchReport
};

class GraphSearch {
public:
    GraphSearch(const Request& request, Dropping dropping, Searcher& searcher, Totals& totals)
        : request_(request),
          state_(request.state),
          dropping_(dropping),
          searcher_(searcher),
          totals_(totals) {
        if (request.adapts_to_biases()) depth_.emplace(state_);
    }

    // Returns the number of queries answered: at least one, and all unless the slice ended.
    size_t answer(size_t first, size_t count) {
        searcher_.encode(request_.query(first), state_.dim, request_.number_of(first), count);
        request_.weigh_biases(searcher_, first);
        filters_ = filters_of(first, count);
        // Queries with filters of their own are cut into runs of one plan.
        for (size_t at = 0; at < count;) {
            size_t end = at + 1;
            while (end < count && scans(end) == scans(at)) ++end;
            const size_t done = scans(at) ? scan_run(first, at, end) : walk_run(first, at, end);
            if (done < end) return done;
            at = end;
        }
        return count;
    }

private:
    bool scans(size_t i) const { return !own_.empty() && own_[i].plan == Plan::scan; }
    const Passing* passing_of(size_t i) const {
        return own_.empty() ? request_.passing.get() : own_[i].passing.get();
    }
    size_t passing_count(size_t i) const {
        const Passing* passing = passing_of(i);
        return passing == nullptr ? request_.passing_count : passing->count;
    }

    // Both return the number of the first query that is not answered.
    size_t walk_run(size_t first, size_t begin, size_t end) {
        size_t walked = begin + walk(begin, end - begin);
        std::vector<size_t> unfilled;
        std::vector<Shallow> shallow;
        for (size_t i = begin; i < walked; ++i) {
            const std::span<const Key> found = found_of(i - begin);
            if (const size_t width = wider_beam(i, found); width > 0) {
                shallow.push_back({i, width});
                continue;
            }
            take_found(i, found);
            if (is_starved(i)) {
                // Walking for the query again takes less time than the scan.
                if (i > 0 && request_.slice.is_over()) {
                    walked = i;
                    break;
                }
                scan_for(request_, searcher_, i, filter_of(i), passing_of(i));
                ++totals_.starved;
            }
            count_passing(i);
            if (!deliver(request_, searcher_, first + i, trusted(i))) unfilled.push_back(i);
        }
        for (const auto [i, width] : shallow) {
            if (i > 0 && request_.slice.is_over()) walked = std::min(walked, i);
            if (i >= walked) break;
            if (!walk_deeper(i, first + i, width)) unfilled.push_back(i);
        }
        deepen_all(unfilled, first);
        return walked;
    }

    // Walks again for a query with item biases until it is deep enough, or scans if that costs
    // less. Returns what `deliver` does.
    bool walk_deeper(size_t i, size_t number, size_t width) {
        double cost = 0;
        for (; width > 0; width = wider_beam(i, found_of(0))) {
            const Costs costs = request_.costs_of_one(passing_count(i), width);
            cost += std::min(costs.walk, costs.scan);
            if (costs.scan < costs.walk) break;
            walk(i, 1, width);
        }
        if (width == 0) take_found(i, found_of(0));
        if (width > 0 || is_starved(i)) {
            scan_for(request_, searcher_, i, filter_of(i), passing_of(i));
            totals_.scanned_rows += request_.rows_of(passing_of(i)).count;
        }
        totals_.deeper_cost += cost;
        count_passing(i);
        return deliver(request_, searcher_, number, trusted(i));
    }

    // See BiasDepth.
    size_t wider_beam(size_t i, std::span<const Key> found) const {
        if (!depth_ || found.size() < width_ || width_ >= items()) return 0;
        return depth_->wider_beam(found, request_.depth + dropping_.places,
                                  searcher_.queries[i].item_bias_weight);
    }

    // The keys that a walk found for its query number `at`.
    std::span<const Key> found_of(size_t at) const {
        return {searcher_.found.data() + at * width_, searcher_.found_counts[at]};
    }

    size_t scan_run(size_t first, size_t begin, size_t end) {
        for (size_t i = begin; i < end; ++i) {
            if (i > 0 && request_.slice.is_over()) return i;
            const EncodedQuery coarse = searcher_.coarse[i], query = searcher_.queries[i];
            scan_for(request_, searcher_, i, filter_of(i), passing_of(i));
            ++totals_.scanned;
            totals_.scanned_rows += request_.rows_of(passing_of(i)).count;
            count_passing(i);
            const size_t keys = searcher_.keys.size();
            if (!deliver(request_, searcher_, first + i,
                         keys < request_.wanted() ? SIZE_MAX : keys))
                deliver_by_scan(request_, searcher_, coarse, query, filter_of(i), passing_of(i),
                                first + i);
        }
        return end;
    }

    void count_passing(size_t i) {
        if (!own_.empty()) totals_.passing += passing_count(i);
    }

    // Null if all rows may be returned for all queries.
    const RowFilter* filters_of(size_t first, size_t count) {
        own_.clear();
        for (size_t i = 0; i < count && request_.has_own_filters(); ++i) {
            std::shared_ptr<const Passing> passing = request_.passing_of(first + i);
            const Plan plan = request_.plan_of(passing.get());
            own_.push_back({std::move(passing), plan});
        }
        const auto allowed_of = [this](size_t i) {
            if (const Passing* passing = passing_of(i)) return passing->bits.words();
            return request_.has_filter() ? request_.allowed : nullptr;
        };
        const RowFilter* filters = searcher_.filters.set(
            [&](int64_t id) { return visible_row(state_, id); }, allowed_of, request_.has_filter(),
            request_.call.options.exclude, first, count);
        if (filters == nullptr) return nullptr;
        searcher_.filters.make_sets();
        for (size_t i = 0; i < count; ++i)
            if (!scans(i)) set_routing(searcher_.filters[i], request_, passing_count(i));
        return filters;
    }

    // Walks for `count` queries of the task from number `begin` on.
    size_t walk(size_t begin, size_t count) {
        size_t width = request_.beam_width;
        if (!state_.all_nodes_are_items()) width = std::max(width, request_.depth + kStrayPlaces);
        if (request_.group_width != nullptr)
            width = std::min(std::max<size_t>(width, *request_.group_width), items());
        return walk(begin, count, width);
    }

    // Walks for `count` queries from number `first` of the searcher on.
    size_t walk(size_t first, size_t count, size_t width) {
        width_ = width + dropping_.places;
        searcher_.found.resize(count * width_);
        searcher_.found_counts.resize(count);
        const bool visits_all = width_ >= items();
        return state_.kernels.search(
            {.graph = search_view(state_, searcher_.entries),
             .scored = state_.rows.scored(),
             .queries = std::span(searcher_.coarse).subspan(first, count),
             .width = width_,
             .stop = visits_all || request_.has_filter() ? StopRule{} : stop(),
             .filters = walk_filters() == nullptr ? nullptr : walk_filters() + first,
             .scratch = {searcher_.walks, kInterleavedWalks},
             .found = searcher_.found.data(),
             .found_counts = searcher_.found_counts.data(),
             .slice = count == 1 ? Slice{} : request_.slice});
    }

    // Queries whose groups need more rows: walks again with a beam twice as wide, in the end scans.
    void deepen_all(const std::vector<size_t>& unfilled, size_t first) {
        for (const size_t i : unfilled) deepen(i, first + i);
    }

    void deepen(size_t i, size_t number) {
        const size_t most = std::min(kMostDeeper * request_.beam_width, items() / kScannedShare);
        const size_t begun = std::max<size_t>(request_.beam_width, *request_.group_width);
        for (size_t width = 2 * begun; width <= most; width *= 2) {
            walk(i, 1, width);
            take_found(i, found_of(0));
            if (!deliver(request_, searcher_, number, trusted(i))) continue;
            // Later queries begin a little wider, so that one of them alone changes little. Racing
            // threads may lose a step.
            *request_.group_width = std::min(width, begun + begun / kStep);
            return;
        }
        const EncodedQuery coarse = searcher_.coarse[i], query = searcher_.queries[i];
        deliver_by_scan(request_, searcher_, coarse, query, filter_of(i), passing_of(i), number);
    }

    size_t items() const { return state_.rows.slots().count(); }
    // Those of walks; null if walks return all rows.
    const RowFilter* walk_filters() const { return dropping_.is_chosen ? nullptr : filters_; }
    RowFilter filter_of(size_t i) const { return filters_ == nullptr ? RowFilter{} : filters_[i]; }

    // The number of keys among which groups may choose.
    size_t trusted(size_t i) const {
        if (request_.call.options.groups == nullptr || searcher_.keys.size() >= left(i))
            return SIZE_MAX;
        return searcher_.keys.size() - unreliable_rows(searcher_.keys.size());
    }

    // With biases, distances are measured from the largest possible score.
    StopRule stop() const {
        StopRule rule = stop_of(state_.options.metric, state_.costs.distance_growth,
                                request_.depth + dropping_.places, width_);
        float most = 0;
        for (const EncodedQuery& query : searcher_.coarse)
            most = std::max(most, largest_bias(state_, query.item_bias_weight));
        rule.zero += most;
        return rule;
    }

    // The keys of a query, rescored with both bytes.
    void take_found(size_t i, std::span<const Key> found) {
        std::vector<Key>& keys = searcher_.keys;
        keys.assign(found.begin(), found.end());
        if (dropping_.places > 0)
            std::erase_if(keys, [&](Key key) { return !filters_[i].may_return(node_of(key)); });
        keys.resize(rescored_count(keys.size()));
        for (const Key key : keys) state_.rows.ids().prefetch(node_of(key));
        if (!state_.all_nodes_are_items())
            std::erase_if(keys,
                          [&](Key key) { return !state_.rows.slots().is_visible(node_of(key)); });
        if (searcher_.queries[i].part_count > 1 || has_planes() || rounds_scores()) rescore(i);
        add_near_zero(i);
        add_extremes(i);
    }

    // Without filters, groups and rerank codes only the best rows are rescored: the low byte of a
    // query, or the lower planes of codes, move few rows by more places than the margin.
    size_t rescored_count(size_t found) const {
        const SearchOptions& options = request_.call.options;
        if (walk_filters() != nullptr || options.groups != nullptr || options.rerank > 0 ||
            !state_.all_nodes_are_items())
            return found;
        const size_t k = request_.depth;
        return std::min(found, has_planes() ? plane_candidates(k) : k + k / 16 + kRescoreMargin);
    }

    // A walk over one plane of codes leaves the order of rows to rescoring.
    bool has_planes() const { return state_.rows.codes().has_planes(); }

    // The beams of such a graph drop the last bit of scores.
    bool rounds_scores() const { return state_.graph.rows() > MarkedKeys::kMaxExactNodes; }

    void rescore(size_t i) {
        searcher_.rescore(state_.kernels, state_.rows.scored(), searcher_.queries[i], width_);
    }

    // Rows that are all but zero score about zero, which may be more than the walk found.
    void add_near_zero(size_t i) {
        std::vector<Key>& keys = searcher_.keys;
        const SortedRows& near_zero = state_.near_zero;
        if (near_zero.size() == 0) return;
        const float weight = searcher_.queries[i].item_bias_weight;
        const float bound = largest_bias(state_, weight);
        if (keys.size() >= request_.depth && score_of(keys.back()) >= bound) return;
        // Without biases all of them score the same.
        const size_t most = weight != 0 ? SIZE_MAX : keys.size() + width_;
        for (size_t at = 0; at < near_zero.size() && keys.size() < most; ++at) {
            const uint32_t row = near_zero[at];
            if (!state_.rows.slots().is_visible(row)) continue;  // a file may say so
            if (filters_ == nullptr || filters_[i].may_return(row)) keys.push_back(key_of(0, row));
        }
        rescore(i);
    }

    // Adds rows of extreme biases, to which the walk need not have come.
    void add_extremes(size_t i) {
        if (searcher_.queries[i].item_bias_weight == 0) return;
        std::vector<Key>& keys = searcher_.keys;
        const size_t before = keys.size();
        for (const uint32_t row : state_.bias_extremes.rows()) {
            if (!state_.rows.slots().is_visible(row)) continue;
            if (filters_ == nullptr || filters_[i].may_return(row)) keys.push_back(key_of(0, row));
        }
        if (keys.size() > before) rescore_unique(i, before);
    }

    // Rescores the keys from number `first` on and merges them with those before, which are scored
    // and sorted.
    void rescore_unique(size_t i, size_t first) {
        std::vector<Key>& keys = searcher_.keys;
        std::vector<Key> scored(keys.begin(), keys.begin() + static_cast<ptrdiff_t>(first));
        keys.erase(keys.begin(), keys.begin() + static_cast<ptrdiff_t>(first));
        searcher_.rescore(state_.kernels, state_.rows.scored(), searcher_.queries[i], width_);
        std::vector<Key> merged;
        std::ranges::merge(scored, keys, std::back_inserter(merged));
        merged.erase(std::unique(merged.begin(), merged.end()), merged.end());
        keys.swap(merged);
        keys.resize(std::min(keys.size(), width_));
    }

    // Behind a filter a walk may end before it reaches the region of the best rows.
    bool is_starved(size_t i) const {
        const size_t wanted = request_.has_filter() ? request_.beam_width : request_.depth;
        return searcher_.keys.size() < std::min(wanted, left(i));
    }

    // Number of rows that the query may return.
    size_t left(size_t i) const {
        const size_t passing = passing_count(i);
        return filters_ == nullptr ? passing : searcher_.filters.left(i, passing);
    }

    const Request& request_;
    const IndexState& state_;
    const Dropping dropping_;
    Searcher& searcher_;
    Totals& totals_;
    struct OwnFilter {
        std::shared_ptr<const Passing> passing;  // null: all items
        Plan plan;
    };
    struct Shallow {
        size_t query, width;  // of the next walk
    };
    std::optional<BiasDepth> depth_;
    std::vector<OwnFilter> own_;  // per query of the task; empty if the call has one filter
    const RowFilter* filters_ = nullptr;
    size_t width_ = 0;
};

}  // namespace

// The first tasks are those that earlier slices left unfinished.
void walk_graph(const Request& request, SearcherPool& searchers, Pending& pending,
                SearchReport& report) {
    using Range = Pending::Range;
    const size_t next = pending.next, fresh = request.end - next;
    const size_t threads = workers_for(request.call.options.threads, fresh);
    const size_t share =
        std::max<size_t>(1, std::min((fresh + threads - 1) / threads, kQueriesPerTask));
    const std::vector<Range> left = std::exchange(pending.unfinished, {});
    const size_t tasks = left.size() + (fresh + share - 1) / share;
    const Dropping dropping = dropping_of(request);
    Totals totals;
    std::mutex leaving;
    const TasksDone done = with_searchers(
        request, searchers, request.slice, tasks, [&](Searcher& searcher, size_t task) {
            const size_t first = next + (task - left.size()) * share;
            const Range range = task < left.size()
                                    ? left[task]
                                    : Range{first, std::min(share, request.end - first)};
            const size_t answered =
                GraphSearch(request, dropping, searcher, totals).answer(range.first, range.count);
            if (answered == range.count) return;
            const std::lock_guard lock(leaving);
            pending.unfinished.push_back({range.first + answered, range.count - answered});
        });
    const size_t resumed = std::min(done.begun, left.size());
    pending.unfinished.insert(pending.unfinished.end(),
                              left.begin() + static_cast<ptrdiff_t>(resumed), left.end());
    pending.next = std::min(request.end, next + (done.begun - resumed) * share);
    report.walked.hops += done.walked.hops;
    report.walked.scores += done.walked.scores + totals.scanned_rows;
    report.deeper_cost += totals.deeper_cost;
    report.starved += totals.starved;
    report.scanned += totals.scanned;
    report.own_passing += totals.passing;
}

}  // namespace vecq
