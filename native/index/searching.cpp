// A search: which way it takes, the walk over the graph, and what becomes of what was found.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

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
    const auto lock = turnstile_.read();
    Request request = request_of(queries, count, options, found);
    SearchReport report;
    report.passing = request.passing_count;
    if (request.passing_count == 0) {
        require_numbers(queries, count * dim(), dim(), options.first_query, "queries");
        std::fill_n(found.ids, count * options.k, -1);
        std::fill_n(found.scores, count * options.k, kNothing);
        std::fill_n(found.counts, count, 0);
        report.plan = Plan::scan;
        return report;
    }
    report.costs = costs_of(pace_, question_of(request));
    if (request.plan == Plan::automatic) request.plan = cheapest(report.costs);
    report.plan = request.plan;
    if (options.exclude.offsets != nullptr) ids_.prepare();
    if (request.plan == Plan::scan)
        report.walked.scores = scan(request);
    else
        walk(request, report);
    return report;
}

Index::Request Index::request_of(const float* queries, size_t count, const SearchOptions& options,
                                 const Found& found) const {
    const size_t items = slots_.count();
    Request request{queries,        count, options, found, {},          items,
                    slots_.shown(), {},    0,       0,     options.plan};
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

void Index::walk(const Request& request, SearchReport& report) const {
    const size_t threads = workers_for(request.options.threads, request.count);
    const size_t share = std::min((request.count + threads - 1) / threads, kQueriesPerTask);
    const size_t tasks = (request.count + share - 1) / share;
    std::atomic<size_t> starved = 0;
    report.walked = with_searchers(request, tasks, [&](Searcher& searcher, size_t task) {
        const size_t first = task * share;
        starved += walk_some(searcher, request, first, std::min(share, request.count - first));
    });
    report.starved = starved;
}

// Returns how many queries had to be scanned for.
size_t Index::walk_some(Searcher& searcher, const Request& request, size_t first,
                        size_t count) const {
    const size_t width = links_lead_to_items()
                             ? request.walk_width
                             : std::max(request.walk_width, request.options.k + kStray);
    searcher.encode(request.query(first, dim()), dim(), request.number_of(first), count);
    const Gate* gates = gates_of(searcher, request, first, count);
    searcher.found.resize(count * width);
    searcher.found_counts.resize(count);
    const bool looks_at_all = width >= slots_.count();
    kernels_.search({.graph = graph_.view(),
                     .scored = scored(),
                     .queries = searcher.coarse,
                     .width = width,
                     .stop = looks_at_all || request.passing
                                 ? Stop{}
                                 : stop_of(options_.metric, pace_.growth, request.options.k, width),
                     .gates = gates,
                     .scratch = {searcher.walks, kTurns},
                     .found = searcher.found.data(),
                     .found_counts = searcher.found_counts.data()});
    size_t starved = 0;
    for (size_t i = 0; i < count; ++i) {
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
            scan_for(searcher, request, i, gates == nullptr ? Gate{} : gates[i]);
            ++starved;
        }
        finish(searcher, request, first + i);
    }
    return starved;
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
