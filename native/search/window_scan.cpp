// Finds the windows of queries, decides which to scan together, and scans them by groups.
#include "search/window_scan.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <deque>
#include <map>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "search/group_scan.hpp"
#include "search/parallel.hpp"
#include "search/scan_search.hpp"
#include "search/where.hpp"

namespace vecq {
namespace {

// Limits of a group, as in scan_search.cpp. Large groups read rows less often.
constexpr size_t kMaxQueries = 32 * kBlockQueries, kMaxKeys = size_t{1} << 20;
// Costs of other plans that the model lacks, measured on a million rows: seconds per row of
// the index to evaluate a condition and to list its rows, and how much longer the scan of a single
// query takes than the model says, which was measured on rows in cache.
constexpr double kListRow = 1e-10, kColdScan = 2;
// Rows that are tested late per row kept, and seconds for each.
constexpr double kTestedPerKept = 3, kTestRow = 1e-8;

size_t excluded_by(const Request& request, size_t number) {
    const int64_t* offsets = request.call.options.exclude.offsets;
    return offsets == nullptr ? 0 : static_cast<size_t>(offsets[number + 1] - offsets[number]);
}

size_t max_group(const Request& request) {
    if (request.slice.expects_writers()) return kBlockQueries;
    const size_t blocks = kMaxKeys / TopK::capacity(request.scan_width) / kBlockQueries;
    return std::clamp(blocks * kBlockQueries, kBlockQueries, kMaxQueries);
}

void drop_excluded(const Request& request, size_t number, std::vector<Key>& keys) {
    const Exclusions& exclude = request.call.options.exclude;
    if (exclude.offsets == nullptr) return;
    std::vector<uint32_t> rows;
    for (int64_t at = exclude.offsets[number]; at < exclude.offsets[number + 1]; ++at)
        rows.push_back(visible_row(request.state, exclude.ids[at]));
    std::ranges::sort(rows);
    std::erase_if(keys, [&](Key key) { return std::ranges::binary_search(rows, node_of(key)); });
}

// A size class, so that queries that are scanned together allow about as many rows.
int class_of(size_t places) { return std::bit_width(places) / 2; }

}  // namespace

// The rows that queries of one shape choose from.
struct WindowScan::Rows {
    Rows(const Request& request, const OrderChoice& choice);
    Rows(const Rows&) = delete;
    Rows& operator=(const Rows&) = delete;

    RowList list(size_t order) const {
        const std::span<const uint32_t> rows = choice.orders()[order].in_order();
        return {rows, 0, rows.size()};
    }
    // Counts allowed rows, for `before`.
    void count();
    // Number of allowed rows before a place of an order.
    size_t before(size_t order, size_t place) const;

    const OrderChoice& choice;
    // One bit per row, without changed rows; null: all.
    const uint64_t* allowed;
    std::vector<uint32_t> stale;    // rows whose places in the orders are out of date, ascending
    std::vector<uint32_t> changed;  // those of them that are allowed
    // Share of rows at allowed places that queries may return.
    double passing = 1;

private:
    static constexpr size_t kCounted = 64;

    void set_apart(const Request& request);

    Bitset bits_;
    std::vector<std::vector<size_t>> before_;  // per order, of every kCounted-th place
};

WindowScan::Rows::Rows(const Request& request, const OrderChoice& choice)
    : choice(choice), allowed(request.allowed) {
    set_apart(request);
}

void WindowScan::Rows::count() {
    if (allowed == nullptr) return;
    for (const ConditionOrder& order : choice.orders()) {
        std::vector<size_t>& before = before_.emplace_back();
        size_t count = 0, at = 0;
        for (const uint32_t row : order.in_order()) {
            if (at++ % kCounted == 0) before.push_back(count);
            count += test_bit(allowed, row);
        }
        before.push_back(count);
    }
}

size_t WindowScan::Rows::before(size_t order, size_t place) const {
    if (allowed == nullptr) return place;
    size_t count = before_[order][place / kCounted];
    const std::span<const uint32_t> rows = choice.orders()[order].in_order();
    for (size_t at = place / kCounted * kCounted; at < place; ++at)
        count += test_bit(allowed, rows[at]);
    return count;
}

// Sets the rows apart that changed since an order was made.
void WindowScan::Rows::set_apart(const Request& request) {
    const size_t extent = request.state.rows.slots().extent();
    size_t known = extent;
    for (const ConditionOrder& order : choice.orders()) {
        const auto logged = *request.state.rows.attributes().changed_since(order.version());
        stale.insert(stale.end(), logged.begin(), logged.end());
        known = std::min(known, order.rows());
    }
    for (size_t row = known; row < extent; ++row) stale.push_back(static_cast<uint32_t>(row));
    if (stale.empty()) return;
    std::ranges::sort(stale);
    stale.erase(std::unique(stale.begin(), stale.end()), stale.end());
    std::erase_if(stale, [&](uint32_t row) { return row >= extent; });
    bits_.grow(extent, ~uint64_t{0});
    if (allowed != nullptr) bits_.write(0, allowed, words_for(extent));
    for (const uint32_t row : stale)
        if (bits_.test(row)) changed.push_back(row);
    for (const uint32_t row : changed) bits_.clear(row);
    allowed = bits_.words();
}

// Compiles each text once, and again after texts were added, which expressions may name.
void WindowScan::parse(const Request& request) {
    const Attributes& attributes = request.state.rows.attributes();
    if (!conditions_.empty() && text_count_ == attributes.text_count()) return;
    text_count_ = attributes.text_count();
    conditions_.clear();
    std::unordered_map<std::string_view, std::shared_ptr<const OrderedCondition>> compiled;
    for (const char* where : request.call.options.where) {
        if (where == nullptr) {
            conditions_.push_back(nullptr);
            continue;
        }
        const auto [found, is_new] = compiled.try_emplace(where);
        if (is_new) found->second = OrderedCondition::of(parse_where(where, attributes));
        conditions_.push_back(found->second);
    }
}

std::vector<size_t> WindowScan::scan(const Request& request, SearcherPool& searchers,
                                     std::span<const size_t> numbers, SearchReport& report) {
    is_interrupted_ = false;
    parse(request);
    std::map<OrderedCondition::Shape, std::vector<size_t>> by_shape;
    for (const size_t number : numbers)
        if (conditions_[number] != nullptr && excluded_by(request, number) <= request.scan_width)
            by_shape[conditions_[number]->shape()].push_back(number);
    std::vector<bool> is_answered(request.call.count);
    bool has_answers = false;
    for (const auto& [shape, own] : by_shape) {
        if (has_answers && request.slice.is_over()) {
            is_interrupted_ = true;
            break;
        }
        for (const size_t number : scan_shape(request, searchers, own, report)) {
            is_answered[number] = true;
            has_answers = true;
        }
    }
    std::vector<size_t> left;
    for (const size_t number : numbers)
        if (!is_answered[number]) left.push_back(number);
    return left;
}

std::vector<size_t> WindowScan::scan_shape(const Request& request, SearcherPool& searchers,
                                           std::span<const size_t> numbers, SearchReport& report) {
    if (numbers.size() < kFewestQueries) return {};
    std::vector<std::shared_ptr<const OrderedCondition>> conditions;
    for (const size_t number : numbers) conditions.push_back(conditions_[number]);
    const auto choice = OrderChoice::of(request.state, conditions);
    if (!choice) return {};
    Rows rows(request, *choice);
    std::vector<Query> queries = queries_of(rows, numbers);
    rows.passing = passing_share(rows, queries);
    const std::vector<std::span<const Query>> groups = groups_of(request, rows, queries);
    if (groups.empty()) return {};
    rows.count();
    std::atomic<size_t> passing = 0;
    const TasksDone done = with_searchers(
        request, searchers, request.slice, groups.size(), [&](Searcher& searcher, size_t task) {
            passing += scan_group(request, searcher, rows, groups[task]);
        });
    is_interrupted_ |= done.begun < groups.size();
    std::vector<size_t> answered;
    for (const std::span<const Query> group : std::span(groups).first(done.begun))
        for (const Query& query : group) answered.push_back(query.number);
    report.walked.scores += passing;
    report.own_passing += passing;
    report.scanned += answered.size();
    return answered;
}

// The queries without too many runs. Those with about as many places follow each other.
std::vector<WindowScan::Query> WindowScan::queries_of(const Rows& rows,
                                                      std::span<const size_t> numbers) const {
    std::vector<Query> queries;
    for (const size_t number : numbers) {
        auto runs = rows.choice.runs_of(*conditions_[number], rows.stale);
        if (!runs) continue;
        size_t places = 0;
        for (const std::vector<PlaceRun>& own : *runs)
            for (const PlaceRun& run : own) places += run.end - run.begin;
        queries.push_back({number, std::move(*runs), places});
    }
    std::ranges::sort(queries, {}, [](const Query& query) {
        const std::vector<PlaceRun>& first = query.runs[0];
        return std::tuple(class_of(query.places), first.empty() ? 0 : first[0].begin, query.number);
    });
    return queries;
}

// Estimates the share of rows at allowed places that pass their test, from a sample.
double WindowScan::passing_share(const Rows& rows, std::span<const Query> queries) const {
    constexpr size_t kSampledQueries = 64, kSampledPlaces = 64;
    const size_t step = queries.size() / kSampledQueries + 1;
    size_t sampled = 0, passed = 0;
    std::vector<Key> keys;
    for (size_t i = 0; i < queries.size(); i += step)
        for (size_t order = 0; order < queries[i].runs.size(); ++order) {
            const size_t every = queries[i].places / kSampledPlaces + 1;
            keys.clear();
            for (const PlaceRun& run : queries[i].runs[order])
                for (size_t at = run.begin + every / 2; at < run.end; at += every)
                    keys.push_back(key_of(0, rows.list(order)[at]));
            sampled += keys.size();
            passed += rows.choice.needs_test(order)
                          ? rows.choice.pass(*conditions_[queries[i].number], order, keys)
                          : keys.size();
        }
    return static_cast<double>(passed + 1) / static_cast<double>(sampled + 1);
}

// Groups of queries to scan together: those of one size class, if that costs less.
std::vector<std::span<const WindowScan::Query>>
WindowScan::groups_of(const Request& request, const Rows& rows,
                      std::span<const Query> queries) const {
    const size_t threads = workers_for(request.call.options.threads, queries.size());
    std::vector<std::span<const Query>> groups;
    for (size_t first = 0, last = 0; first < queries.size(); first = last) {
        while (last < queries.size() &&
               class_of(queries[last].places) == class_of(queries[first].places))
            ++last;
        const std::span<const Query> own = queries.subspan(first, last - first);
        if (!costs_less(request, rows, own)) continue;
        const size_t most = std::min(max_group(request), (own.size() + threads - 1) / threads);
        const size_t parts = (own.size() + most - 1) / most;
        for (size_t i = 0; i < parts; ++i) {
            const size_t from = own.size() * i / parts, to = own.size() * (i + 1) / parts;
            if (to - from > Scanner::kFew) groups.push_back(own.subspan(from, to - from));
        }
    }
    return groups;
}

bool WindowScan::costs_less(const Request& request, const Rows& rows,
                            std::span<const Query> queries) const {
    const auto extent = static_cast<double>(request.state.rows.slots().extent());
    const double share = static_cast<double>(request.passing_count) / extent;
    const auto width = static_cast<double>(request.scan_width);
    size_t sum = 0;
    double alone = 0, tested = 0;
    std::unordered_set<const OrderedCondition*> distinct;
    for (const Query& query : queries) {
        const auto places = static_cast<double>(query.places);
        const auto own = static_cast<size_t>(share * rows.passing * places);
        const Costs costs = request.costs_of_one(own, request.beam_width);
        const double scan = kColdScan * costs.scan;
        alone += request.plan == Plan::scan ? scan : std::min(scan, costs.walk);
        if (distinct.insert(conditions_[query.number].get()).second) alone += kListRow * extent;
        sum += query.places;
        if (rows.passing < 1) tested += std::min(places, kTestedPerKept * width / rows.passing);
    }
    size_t joined = 0;  // places of the union of all windows
    for (size_t order = 0; order < rows.choice.orders().size(); ++order) {
        size_t reach = 0;
        for (const auto& [begin, end, query] : windows_of(queries, order)) {
            joined += end - std::min(end, std::max(begin, reach));
            reach = std::max(reach, end);
        }
    }
    // A chunk of rows is scored for whole blocks of queries.
    const size_t scored = sum + joined * kBlockQueries / 2;
    return block_scan_cost(request.state.costs, scored, queries.size() * request.scan_width) +
               kTestRow * tested <=
           alone;
}

// All windows of an order by their begins. Queries have their number in the group.
std::vector<WindowScanner::Window> WindowScan::windows_of(std::span<const Query> queries,
                                                          size_t order) {
    std::vector<WindowScanner::Window> windows;
    for (size_t i = 0; i < queries.size(); ++i)
        for (const PlaceRun& run : queries[i].runs[order])
            windows.push_back({run.begin, run.end, i});
    std::ranges::sort(windows, {}, [](const WindowScanner::Window& window) {
        return std::pair(window.begin, window.query);
    });
    return windows;
}

size_t WindowScan::scan_group(const Request& request, Searcher& searcher, const Rows& rows,
                              std::span<const Query> queries) const {
    const IndexState& state = request.state;
    std::vector<size_t> numbers;
    size_t most_excluded = 0;
    for (const Query& query : queries) {
        numbers.push_back(query.number);
        most_excluded = std::max(most_excluded, excluded_by(request, query.number));
    }
    searcher.encode(request.call.queries, state.dim, request.number_of(0), numbers);
    for (size_t i = 0; i < numbers.size(); ++i)
        searcher.queries[i].item_bias_weight = searcher.coarse[i].item_bias_weight =
            request.bias_weight(numbers[i]);
    const ScoredRows scored = state.rows.scored();
    WindowScanner& scanner = searcher.window_scanner;
    scanner.begin(searcher.coarse, state.dim, request.scan_width + most_excluded);
    std::deque<ConditionTest> tests;
    std::vector<WindowScanner::Part> parts;
    for (size_t order = 0; order < rows.choice.orders().size(); ++order) {
        parts.push_back({rows.list(order), windows_of(queries, order)});
        for (const Query& query : queries)
            if (rows.choice.needs_test(order))
                parts.back().tests.push_back(
                    &tests.emplace_back(rows.choice, *conditions_[query.number], order));
    }
    scanner.scan(scored, parts, rows.allowed, nullptr);
    size_t passing = 0, changed = 0;
    for (size_t i = 0; i < queries.size(); ++i) {
        for (size_t order = 0; order < parts.size(); ++order)
            for (const PlaceRun& run : queries[i].runs[order])
                passing += rows.before(order, run.end) - rows.before(order, run.begin);
        const std::vector<uint32_t> own = changed_rows(rows, queries[i]);
        scanner.extend(i, scored, own);
        changed += own.size();
        const std::span<const Key> found = scanner.finish(i);
        searcher.keys.assign(found.begin(), found.end());
        drop_excluded(request, numbers[i], searcher.keys);
        keep_least(std::span(searcher.keys), request.scan_width);
        searcher.keys.resize(std::min(searcher.keys.size(), request.scan_width));
        searcher.rescore(state.kernels, scored, searcher.queries[i], request.wanted());
        deliver(request, searcher, numbers[i]);
    }
    return static_cast<size_t>(rows.passing * static_cast<double>(passing)) + changed;
}

// The changed rows for which the condition of a query holds.
std::vector<uint32_t> WindowScan::changed_rows(const Rows& rows, const Query& query) const {
    std::vector<uint32_t> found;
    for (const uint32_t row : rows.changed)
        if (conditions_[query.number]->holds(row)) found.push_back(row);
    return found;
}

}  // namespace vecq
