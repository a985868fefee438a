// Tasks of walks: filters, walks as deep as each query needs, scans where walks do not suffice.
#include "search/graph_search.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>

#include "search/found_keys.hpp"
#include "search/parallel.hpp"
#include "search/scan_search.hpp"
#include "search/search_view.hpp"
#include "search/walk_depth.hpp"
#include "search/walk_filter.hpp"

namespace vecq {
namespace {

// Queries per task at most.
constexpr size_t kQueriesPerTask = 32;
// A walk that delivers too few results reaches at least 1 / kLeastPart more rows. With groups it
// reaches up to kMostDeeper times as many as at first, and up to 1 / kScannedShare of the items.
constexpr size_t kLeastPart = 4, kMostDeeper = 32, kScannedShare = 8;
// Places in the beam for rows that turn out to be no items.
constexpr size_t kStrayPlaces = 16;

// A walk stops once the next node is farther than the ef-th best row is likely to be.
StopRule stop_of(Metric metric, float growth, size_t k, size_t width) {
    if (growth == 0) return {};
    const double squared = std::pow(static_cast<double>(width) / k, 2.0 * growth);
    return {k, metric == Metric::cosine ? 1.0F : 0.0F, static_cast<float>(squared)};
}

// Totals over the tasks of a call.
struct Totals {
    std::atomic<size_t> starved = 0;
    // Of queries with filters of their own: how many were scanned, and their allowed rows.
    std::atomic<size_t> scanned = 0, passing = 0, scanned_rows = 0;
    std::atomic<double> deeper_cost = 0;  // see SearchReport
};

class GraphSearch final : DepthControl {
public:
    GraphSearch(const Request& request, Dropping dropping, Searcher& searcher, Totals& totals)
        : request_(request),
          state_(request.state),
          dropping_(dropping),
          searcher_(searcher),
          totals_(totals),
          found_(request, dropping_, searcher),
          depth_(request, searcher) {}

    // Returns the number of queries answered: at least one, and all unless the slice ended.
    size_t answer(size_t first, size_t count) {
        searcher_.encode(request_.query(first), state_.dim, request_.number_of(first), count);
        request_.weigh_biases(searcher_, first);
        first_ = first;
        filters_ = filters_of(first, count);
        found_.set_filters(filters_);
        // Queries with filters of their own are cut into runs of one plan.
        for (size_t at = 0; at < count;) {
            size_t end = at + 1;
            while (end < count && scans(end) == scans(at)) ++end;
            const size_t done = scans(at) ? scan_run(at, end) : walk_run(at, end);
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

    // All three return the number of the first query that is not answered.
    size_t walk_run(size_t begin, size_t end) {
        if (depth_.is_open()) return walk_run_to_depth(begin, end);
        const size_t walked = begin + walk(begin, end - begin, width_of(request_.beam_width));
        for (size_t i = begin; i < walked; ++i) {
            found_.list(i, found_of(i - begin));
            found_.rescore(i, request_.depth);
            if (is_starved(i)) {
                // Walking for the query again takes less time than the scan.
                if (i > 0 && request_.slice.is_over()) return i;
                scan_for(request_, searcher_, i, filter_of(i), passing_of(i));
                ++totals_.starved;
            }
            count_passing(i);
            deliver(request_, searcher_, first_ + i);
        }
        return walked;
    }

    // Each walk delivers its results, or finds that a scan costs less.
    size_t walk_run_to_depth(size_t begin, size_t end) {
        begin_ = begin;
        const size_t reach = request_.beam_width, width = depth_.first_beam_width(reach);
        progress_.assign(end - begin, Progress{.reach = reach, .width = width});
        const size_t walked = begin + walk(begin, end - begin, width_of(width), this);
        for (size_t i = begin; i < walked; ++i) {
            if (progress_[i - begin].needs_scan) {
                if (i > 0 && request_.slice.is_over()) return i;
                scan(i);
            }
            count_passing(i);
        }
        return walked;
    }

    size_t scan_run(size_t begin, size_t end) {
        for (size_t i = begin; i < end; ++i) {
            if (i > 0 && request_.slice.is_over()) return i;
            scan(i);
            ++totals_.scanned;
            count_passing(i);
        }
        return end;
    }

    void scan(size_t i) {
        const EncodedQuery coarse = searcher_.coarse[i], query = searcher_.queries[i];
        scan_for(request_, searcher_, i, filter_of(i), passing_of(i));
        totals_.scanned_rows += request_.rows_of(passing_of(i)).count;
        const size_t keys = searcher_.keys.size();
        if (!deliver(request_, searcher_, first_ + i, keys < request_.wanted() ? SIZE_MAX : keys))
            deliver_by_scan(request_, searcher_, coarse, query, filter_of(i), passing_of(i),
                            first_ + i);
    }

    WalkEffort next_effort(size_t at, std::span<const Key> found) override {
        Progress& progress = progress_[at];
        const size_t i = begin_ + at, before = progress.reach;
        found_.list(i, found);
        size_t reach = depth_.reach_for(i, searcher_.keys, before, found.size() >= before);
        if (reach == before) {
            if (finish(i)) return {};
            reach += reach / kLeastPart + 1;
        }
        const bool is_exhausted = found.size() < before && found.size() == progress.found;
        totals_.starved += is_exhausted;
        progress.needs_scan = is_exhausted || costs_less_to_scan(i, before, reach);
        if (progress.needs_scan) return {};
        progress.reach = reach;
        progress.found = found.size();
        if (reach > progress.width) progress.width = WalkDepth::beam_width(reach);
        const size_t width = width_of(progress.width);
        return {width, stop(width, reach)};
    }

    // Whether to scan for query `i` instead of walking on to `reach` rows. A fixed plan decides
    // without estimated seconds, so that results do not depend on them.
    bool costs_less_to_scan(size_t i, size_t before, size_t reach) {
        const SearchOptions& options = request_.call.options;
        const size_t most = std::min(kMostDeeper * request_.beam_width, items() / kScannedShare);
        const bool is_too_deep = options.groups != nullptr && reach > most;
        if (options.plan != Plan::automatic) return is_too_deep;
        const auto walk_cost = [&](size_t width) {
            return request_.costs_of_one(passing_count(i), width).walk;
        };
        const double scan = request_.costs_of_one(passing_count(i), reach).scan;
        const bool scans = is_too_deep || scan < walk_cost(reach);
        // The plan was chosen for walks of the expected depth.
        const size_t planned = std::max(before, std::min(request_.depth, passing_count(i)));
        totals_.deeper_cost += scans ? scan : std::max(0.0, walk_cost(reach) - walk_cost(planned));
        return scans;
    }

    // Delivers the listed keys. Returns false if they are too few.
    bool finish(size_t i) {
        found_.rescore(i, depth_.depth());
        if (request_.call.options.groups == nullptr && is_starved(i)) return false;
        const size_t keys = searcher_.keys.size();
        return deliver(request_, searcher_, first_ + i, keys >= left(i) ? SIZE_MAX : keys);
    }

    // The keys that a walk found for its query number `at`.
    std::span<const Key> found_of(size_t at) const {
        return {searcher_.found.data() + at * width_, searcher_.found_counts[at]};
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

    // Adds places for removed and excluded rows to a beam width.
    size_t width_of(size_t width) const {
        if (!state_.all_nodes_are_items()) width = std::max(width, request_.depth + kStrayPlaces);
        return width + dropping_.places;
    }

    // Walks for `count` queries of the task from number `first` on.
    size_t walk(size_t first, size_t count, size_t width, DepthControl* depth = nullptr) {
        width_ = width;
        searcher_.found.resize(depth == nullptr ? count * width : 0);
        searcher_.found_counts.resize(count);
        return state_.kernels.search(
            {.graph = search_view(state_, searcher_.entries),
             .scored = state_.rows.scored(),
             .queries = std::span(searcher_.coarse).subspan(first, count),
             .width = width,
             .stop = stop(width, request_.beam_width),
             .filters = walk_filters() == nullptr ? nullptr : walk_filters() + first,
             .scratch = {searcher_.walks, kInterleavedWalks},
             .found = searcher_.found.data(),
             .found_counts = searcher_.found_counts.data(),
             .slice = count == 1 ? Slice{} : request_.slice,
             .depth = depth});
    }

    size_t items() const { return state_.rows.slots().count(); }
    // Those of walks; null if walks return all rows.
    const RowFilter* walk_filters() const { return dropping_.is_chosen ? nullptr : filters_; }
    RowFilter filter_of(size_t i) const { return filters_ == nullptr ? RowFilter{} : filters_[i]; }

    // With biases, distances are measured from the largest possible score.
    StopRule stop(size_t width, size_t reach) const {
        StopRule rule;
        if (width < items() && !request_.has_filter())
            rule = stop_of(state_.options.metric, state_.costs.distance_growth,
                           std::min(request_.depth, reach) + dropping_.places,
                           reach + dropping_.places);
        float most = 0;
        for (const EncodedQuery& query : searcher_.coarse)
            most = std::max(most, state_.bias_extremes.most(query.item_bias_weight));
        rule.zero += most;
        if (depth_.is_open()) rule.reach = reach + dropping_.places;
        return rule;
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
    // How far a walk has come.
    struct Progress {
        size_t reach, width, found = 0;
        bool needs_scan = false;
    };
    FoundKeys found_;
    WalkDepth depth_;
    std::vector<Progress> progress_;  // of the walks of a run
    std::vector<OwnFilter> own_;      // per query of the task; empty if the call has one filter
    const RowFilter* filters_ = nullptr;
    // The first query of the task in the call, and the first of the run in the task.
    size_t first_ = 0, begin_ = 0;
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
