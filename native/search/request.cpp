// Resolves the options of a call against the current index, and writes results.
#include "search/request.hpp"

#include <limits>

#include "base/pool.hpp"
#include "search/effort.hpp"
#include "search/group_scan.hpp"
#include "search/where_filters.hpp"

namespace vecq {
namespace {

// The score of padding.
constexpr float kNoScore = -std::numeric_limits<float>::infinity();

// Queries differ: this many times the expected depth suffices for nine in ten.
constexpr double kDepthMargin = 1.2;
// Scans begin with at most this share of the items.
constexpr size_t kLargestShare = 8;

// With groups, what their sizes let expect.
size_t depth_of(const SearchOptions& options, size_t items) {
    if (options.groups == nullptr) return options.ranked();
    const size_t expected =
        options.groups->expected_depth(options.ranked(), options.per_group, items);
    const auto depth = static_cast<size_t>(kDepthMargin * static_cast<double>(expected));
    return std::max({options.ranked(), options.ef, std::min(depth, items / kLargestShare)});
}

}  // namespace

Request::Request(const IndexState& state, const SearchCall& call)
    : state(state),
      call(call),
      passing_count(state.rows.slots().count()),
      allowed(state.rows.slots().visible()),
      plan(call.options.plan),
      end(call.count) {
    const std::span<const char* const> where = call.options.where;
    if (call.options.filter != nullptr) passing = call.options.filter->passing();
    if (where.size() == 1) passing = call.options.where_filters->passing(state, where[0], passing);
    if (passing) {
        passing_count = passing->count;
        allowed = passing->bits.words();
    }
    depth = depth_of(call.options, passing_count);
    const size_t items = state.rows.slots().count();
    // Diversity chooses among all of the best rows, whose order one plane only suggests.
    const size_t ranked = call.options.ranked();
    const bool is_vague = call.options.diversity > 0 && state.rows.codes().has_planes();
    const size_t fewest = is_vague ? plane_beam(ranked) : ranked;
    beam_width = std::min(items, std::max({call.options.ef, fewest, call.options.rerank}));
    scan_width = std::min(items, std::max(scan_candidates(depth), call.options.rerank));
    probes = state.cells == nullptr ? 0 : call.options.probes;
    if (state.cells != nullptr && probes == 0) {
        // The depth-th allowed item has about this rank among all items.
        const size_t rank = depth * items / std::max<size_t>(passing_count, 1);
        probes = default_probes(rank, state.cells->list().count, state.cells->count());
    }
}

void Request::weigh_biases(Searcher& searcher, size_t first) const {
    if (state.rows.biased() == nullptr) return;
    for (size_t i = 0; i < searcher.queries.size(); ++i) {
        searcher.queries[i].item_bias_weight = bias_weight(first + i);
        searcher.coarse[i].item_bias_weight = bias_weight(first + i);
    }
}

void Request::widen(double factor) {
    const auto widened = static_cast<size_t>(factor * static_cast<double>(beam_width));
    beam_width = std::min(passing_count, std::max(beam_width, widened));
}

std::shared_ptr<const Passing> Request::passing_of(size_t i) const {
    const char* where = has_own_filters() ? call.options.where[i] : nullptr;
    return where == nullptr ? passing : call.options.where_filters->passing(state, where, passing);
}

Plan Request::plan_of(const Passing* own) const {
    const size_t count = own == nullptr ? passing_count : own->count;
    if (plan != Plan::automatic) return count == 0 ? Plan::scan : plan;
    return cheapest(costs_of_one(count, beam_width));
}

Costs Request::costs_of_one(size_t count, size_t width) const {
    Question one = question();
    one.passing = count;
    one.beam_width = width;
    one.queries = one.walkers = one.scanners = 1;
    return costs_of(state.costs, one);
}

RowList Request::rows_of(const Passing* own) const {
    if (own == nullptr || !own->is_listed()) return {{}, 0, state.rows.slots().extent()};
    const Passing::List& list = own->list();
    return {list.rows, 0, own->count, 0, {own->bits.words(), list.before.data()}};
}

size_t Request::row_count() const {
    return passing && passing->is_listed() ? passing_count : state.rows.slots().extent();
}

Question Request::question() const {
    const int64_t* offsets = call.options.exclude.offsets;
    const auto excluded = offsets == nullptr ? 0 : offsets[call.count] - offsets[0];
    // Probes that suffice without a filter do not with one.
    const bool may_probe = call.options.probes > 0 && !has_filter();
    const Cells* const cells = may_probe ? state.cells.get() : nullptr;
    const size_t extent = state.rows.slots().extent();
    return {.rows = extent,
            .passing = passing_count,
            .queries = call.count,
            .walkers = workers_for(call.options.threads, call.count),
            .scanners = workers_for(call.options.threads, call.count * row_count()),
            .beam_width = std::max(beam_width, std::min(depth, passing_count)),
            .scan_width = scan_width,
            .excluded = static_cast<size_t>(excluded) / call.count,
            .has_filter = has_filter(),
            .probes = cells == nullptr ? 0 : probes,
            .cells = cells == nullptr ? 0 : cells->count(),
            .others = cells == nullptr ? 0 : extent - cells->extent() + cells->changed().size()};
}

namespace {

// Reduces the searcher's keys to the results. Returns false if that takes more keys.
bool choose(const Request& request, Searcher& searcher, size_t trusted) {
    const SearchOptions& options = request.call.options;
    std::vector<Key>& keys = searcher.keys;
    if (options.groups != nullptr) {
        const size_t seen = searcher.group_picker.pick(keys, options.ranked(), *options.groups,
                                                       options.per_group, request.state.rows.ids());
        if (trusted != SIZE_MAX && (keys.size() < options.ranked() || seen > trusted)) return false;
    }
    if (options.diversity > 0) {
        keys.resize(std::min(keys.size(), options.ranked()));
        const IndexState& state = request.state;
        const CodeStore& codes = state.rows.codes();
        searcher.diversity_picker.pick(
            keys, options.k, options.diversity, state.kernels,
            {codes.rows(state.rows.slots().extent()), codes.constants(), state.dim});
    }
    return true;
}

}  // namespace

bool deliver(const Request& request, Searcher& searcher, size_t number, size_t trusted) {
    const RowTable& rows = request.state.rows;
    const SearchOptions& options = request.call.options;
    const size_t k = options.k;
    std::vector<Key>& keys = searcher.keys;
    if (const CodeStore* rerank = rows.rerank(); rerank != nullptr && options.rerank > 0) {
        if (options.groups == nullptr) keys.resize(std::min(keys.size(), options.rerank));
        EncodedQuery query =
            searcher.encode_for_rerank(request.query(number), request.number_of(number));
        query.item_bias_weight = request.bias_weight(number);
        searcher.rescore(active_engine()[rerank->codec().width()],
                         rerank->scored(rows.slots().extent()), query, std::max(keys.size(), k),
                         rows.biased());
    }
    if (!choose(request, searcher, trusted)) return false;
    const size_t kept = std::min(k, keys.size());
    const Found& found = request.call.found;
    int64_t* ids = found.ids + number * k;
    float* scores = found.scores + number * k;
    for (size_t i = 0; i < kept; ++i) {
        ids[i] = rows.ids()[node_of(keys[i])];
        scores[i] = score_of(keys[i]);
    }
    std::fill_n(ids + kept, k - kept, -1);
    std::fill_n(scores + kept, k - kept, kNoScore);
    found.counts[number] = static_cast<int64_t>(kept);
    return true;
}

void deliver_nothing(const SearchCall& call, size_t first, size_t count) {
    const size_t k = call.options.k;
    std::fill_n(call.found.ids + first * k, count * k, -1);
    std::fill_n(call.found.scores + first * k, count * k, kNoScore);
    std::fill_n(call.found.counts + first, count, 0);
}

}  // namespace vecq
