// A search: which way it takes, the walk over the graph, and what becomes of what was found.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <mutex>

#include "base/pool.hpp"
#include "base/status.hpp"
#include "index/request.hpp"
#include "index/searcher.hpp"
#include "index/searching.inl.hpp"

namespace vecq {
namespace {

// The score where there is no row.
constexpr float kNothing = -std::numeric_limits<float>::infinity();
// Queries that a thread walks for at a time, at most.
constexpr size_t kQueriesPerTask = 32;
// Rows that a walk keeps for those that turn out to be no items.
constexpr size_t kStray = 16;

// Walks look farther than the k-th best, as far as so many more rows are likely to lie.
Stop stop_of(Metric metric, float growth, size_t k, size_t width) {
    if (growth == 0) return {};
    const double squared = std::pow(static_cast<double>(width) / k, 2.0 * growth);
    return {k, metric == Metric::cosine ? 1.0F : 0.0F, static_cast<float>(squared)};
}

}  // namespace

// Searchers are kept, for what they work in costs more to make than one search.
std::unique_ptr<Index::Searcher> Index::take_searcher(int query_bits) const {
    {
        const std::lock_guard lock(searchers_mutex_);
        for (auto& kept : searchers_) {
            if (kept->bits != query_bits) continue;
            std::unique_ptr<Searcher> taken = std::move(kept);
            kept = std::move(searchers_.back());
            searchers_.pop_back();
            return taken;
        }
    }
    return std::make_unique<Searcher>(*this, query_bits);
}

void Index::keep_searcher(std::unique_ptr<Searcher> searcher) const {
    const std::lock_guard lock(searchers_mutex_);
    searchers_.push_back(std::move(searcher));
}

SearchReport Index::search(const float* queries, size_t count, const SearchOptions& options,
                           const Found& found) const {
    SearchReport report;
    Pending pending;
    do {
        // Another slice may see other rows, filters, ids and codecs: nothing of these is kept.
        const auto lock = turnstile_.read();
        Request request = request_of(queries, count, options, found);
        if (count > 1) request.slice = turnstile_.slice();
        const bool is_first = !std::exchange(pending.has_plan, true);
        if (is_first) report.passing = request.passing_count;
        if (request.passing_count == 0) {
            find_nothing(request, pending);
            if (is_first) report.plan = Plan::scan;
            break;
        }
        if (is_first) {
            report.costs = costs_of(pace_, question_of(request));
            report.plan = options.plan == Plan::automatic ? cheapest(report.costs) : options.plan;
        }
        request.plan = report.plan;
        if (options.exclude.offsets != nullptr) ids_.prepare();
        if (request.plan == Plan::scan)
            report.walked.scores += scan(request, pending);
        else
            walk(request, pending, report);
    } while (!pending.is_empty(count));
    return report;
}

// Answers what is left of a call while nothing passes.
void Index::find_nothing(const Request& request, Pending& pending) const {
    pending.left.push_back({pending.next, request.count - pending.next});
    const size_t k = request.options.k;
    for (const auto [first, count] : pending.left) {
        require_numbers(request.query(first, dim()), count * dim(), dim(), request.number_of(first),
                        "queries");
        std::fill_n(request.found.ids + first * k, count * k, -1);
        std::fill_n(request.found.scores + first * k, count * k, kNothing);
        std::fill_n(request.found.counts + first, count, 0);
    }
}

Index::Request Index::request_of(const float* queries, size_t count, const SearchOptions& options,
                                 const Found& found) const {
    const size_t items = slots_.count();
    Request request{queries,        count, options, found, {},           items,
                    slots_.shown(), {},    0,       0,     options.plan, {}};
    if (options.filter != nullptr) {
        request.passing = options.filter->passing();
        request.passing_count = request.passing->count;
        request.allowed = request.passing->bits.data();
    }
    request.rows = {{}, 0, slots_.extent()};
    if (request.passing && !request.passing->list.empty())
        request.rows = {request.passing->list,
                        0,
                        request.passing_count,
                        0,
                        {request.passing->bits.data(), request.passing->before.data()}};
    const size_t k = options.k;
    request.walk_width = std::min(items, std::max({options.ef, k, options.rerank}));
    request.scan_width = std::min(items, std::max(k + k / 4 + 32, options.rerank));
    return request;
}

Question Index::question_of(const Request& request) const {
    const int64_t* offsets = request.options.exclude.offsets;
    const auto excluded = offsets == nullptr ? 0 : offsets[request.count] - offsets[0];
    return {.rows = slots_.extent(),
            .passing = request.passing_count,
            .queries = request.count,
            .walkers = workers_for(request.options.threads, request.count),
            .scanners = workers_for(request.options.threads, request.count * request.rows.count),
            .walk_width = request.walk_width,
            .scan_width = request.scan_width,
            .excluded = static_cast<size_t>(excluded) / request.count,
            .filtered = request.passing != nullptr};
}

// The first tasks are those that slices before left unfinished.
void Index::walk(const Request& request, Pending& pending, SearchReport& report) const {
    using Range = Pending::Range;
    const size_t next = pending.next, fresh = request.count - next;
    const size_t threads = workers_for(request.options.threads, fresh);
    const size_t share =
        std::max<size_t>(1, std::min((fresh + threads - 1) / threads, kQueriesPerTask));
    const std::vector<Range> left = std::exchange(pending.left, {});
    const size_t tasks = left.size() + (fresh + share - 1) / share;
    std::atomic<size_t> starved = 0;
    std::mutex leaving;
    const Tasks all =
        with_searchers(request, request.slice, tasks, [&](Searcher& searcher, size_t task) {
            const size_t first = next + (task - left.size()) * share;
            const Range range = task < left.size()
                                    ? left[task]
                                    : Range{first, std::min(share, request.count - first)};
            const size_t done = walk_some(searcher, request, range.first, range.count, starved);
            if (done == range.count) return;
            const std::lock_guard lock(leaving);
            pending.left.push_back({range.first + done, range.count - done});
        });
    const size_t resumed = std::min(all.begun, left.size());
    pending.left.insert(pending.left.end(), left.begin() + static_cast<ptrdiff_t>(resumed),
                        left.end());
    pending.next = std::min(request.count, next + (all.begun - resumed) * share);
    report.walked.hops += all.walked.hops;
    report.walked.scores += all.walked.scores;
    report.starved += starved;
}

// Returns how many of the queries it answered, at least one, and all unless the slice ended. Adds those that
// had to be scanned for to `starved`.
size_t Index::walk_some(Searcher& searcher, const Request& request, size_t first, size_t count,
                        std::atomic<size_t>& starved) const {
    const size_t width = links_lead_to_items()
                             ? request.walk_width
                             : std::max(request.walk_width, request.options.k + kStray);
    searcher.encode(request.query(first, dim()), dim(), request.number_of(first), count);
    const Gate* gates = gates_of(searcher, request, first, count);
    searcher.found.resize(count * width);
    searcher.found_counts.resize(count);
    const bool looks_at_all = width >= slots_.count();
    const size_t walked = kernels_.search(
        {.graph = graph_.view(),
         .scored = scored(),
         .queries = searcher.coarse,
         .width = width,
         .stop = looks_at_all || request.passing
                     ? Stop{}
                     : stop_of(options_.metric, pace_.growth, request.options.k, width),
         .gates = gates,
         .scratch = {searcher.walks, kTurns},
         .found = searcher.found.data(),
         .found_counts = searcher.found_counts.data(),
         .slice = request.slice});
    for (size_t i = 0; i < walked; ++i) {
        const Key* keys = searcher.found.data() + i * width;
        searcher.keys.assign(keys, keys + searcher.found_counts[i]);
        drop_others(searcher.keys);
        if (searcher.queries[i].digit_count > 1)
            searcher.rescore(kernels_, scored(), searcher.queries[i], width);
        offer_aside(searcher, searcher.queries[i], gates == nullptr ? nullptr : gates + i, width);
        // Behind a filter a walk may end before it comes to where the best are.
        const size_t wanted = request.passing ? request.walk_width : request.options.k;
        const size_t there = gates == nullptr ? request.passing_count
                                              : searcher.gates.left(i, request.passing_count);
        if (searcher.keys.size() < std::min(wanted, there)) {
            // To walk for it again takes less time than a scan.
            if (i > 0 && request.slice.is_over()) return i;
            scan_for(searcher, request, i, gates == nullptr ? Gate{} : gates[i]);
            ++starved;
        }
        finish(searcher, request, first + i);
    }
    return walked;
}

// And not to rows that were removed, or are being linked.
bool Index::links_lead_to_items() const {
    return slots_.all_vacant_are_free() && graph_.rows() == slots_.extent();
}

void Index::drop_others(std::vector<Key>& keys) const {
    if (!links_lead_to_items())
        std::erase_if(keys, [&](Key key) { return !slots_.shows(node_of(key)); });
}

// Rows that are all but zero score about zero, which may be more than what was found.
void Index::offer_aside(Searcher& searcher, const EncodedQuery& query, const Gate* gate,
                        size_t width) const {
    std::vector<Key>& keys = searcher.keys;
    if (aside_.size() == 0 || (keys.size() == width && score_of(keys.back()) >= 0)) return;
    const size_t room = keys.size() + width;
    for (size_t i = 0; i < aside_.size() && keys.size() < room; ++i) {
        const uint32_t row = aside_[i];
        if (!slots_.shows(row)) continue;  // a file may say anything
        if (gate == nullptr || gate->keeps(row)) keys.push_back(key_of(0, row));
    }
    searcher.rescore(kernels_, scored(), query, width);
}

// Of the best found: scores them anew where there are wider rows, and hands them over.
void Index::finish(Searcher& searcher, const Request& request, size_t number) const {
    const size_t candidates = request.options.rerank;
    if (candidates > 0 && wide_) {
        searcher.keys.resize(std::min(searcher.keys.size(), candidates));
        const EncodedQuery query =
            searcher.wide_coder->encode(request.query(number, dim()), request.number_of(number),
                                        searcher.wide_codes.as<std::byte>());
        searcher.rescore(active_engine()[wide_->codec().width()],
                         {wide_->rows(slots_.extent()), wide_affine_.data()}, query,
                         request.options.k);
    }
    const size_t k = request.options.k, kept = std::min(k, searcher.keys.size());
    int64_t* ids = request.found.ids + number * k;
    float* scores = request.found.scores + number * k;
    for (size_t i = 0; i < kept; ++i) {
        ids[i] = ids_[node_of(searcher.keys[i])];
        scores[i] = score_of(searcher.keys[i]);
    }
    std::fill_n(ids + kept, k - kept, -1);
    std::fill_n(scores + kept, k - kept, kNothing);
    request.found.counts[number] = static_cast<int64_t>(kept);
}

}  // namespace vecq
