// Finds the windows of queries, decides which to scan together, and scans them by groups.
#include "search/window_scan.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "search/group_scan.hpp"
#include "search/parallel.hpp"
#include "search/scan_search.hpp"
#include "search/where.hpp"

namespace vecq {
namespace {

// Limits of a group, as in scan_search.cpp. Large groups read rows less often.
constexpr size_t kMaxQueries = 32 * kBlockQueries, kMaxKeys = size_t{1} << 20;
// Seconds to compare a value of a column, which every plan of a single query needs.
constexpr double kCompareValue = 5e-11;

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

// The rows that queries on one order choose from.
struct WindowScan::Rows {
    Rows(const Request& request, const ConditionOrder& order);
    Rows(const Rows&) = delete;
    Rows& operator=(const Rows&) = delete;

    // Number of allowed rows before a place of the list.
    size_t before(size_t place) const {
        if (allowed == nullptr) return place;
        size_t count = before_[place / kCounted];
        for (size_t at = place / kCounted * kCounted; at < place; ++at)
            count += test_bit(allowed, list[at]);
        return count;
    }

    RowList list;
    // One bit per row, without changed rows; null: all.
    const uint64_t* allowed;
    std::vector<uint32_t> changed;  // allowed rows whose place in the list is out of date

private:
    static constexpr size_t kCounted = 64;

    void set_apart(const Request& request, const ConditionOrder& order);

    Bitset bits_;
    std::vector<size_t> before_;  // of every kCounted-th place
};

WindowScan::Rows::Rows(const Request& request, const ConditionOrder& order)
    : list{order.in_order(), 0, order.in_order().size()}, allowed(request.allowed) {
    set_apart(request, order);
    if (allowed == nullptr) return;
    size_t count = 0;
    for (size_t at = 0; at < list.count; ++at) {
        if (at % kCounted == 0) before_.push_back(count);
        count += test_bit(allowed, list[at]);
    }
    before_.push_back(count);
}

// Sets the rows apart that changed since the order was made.
void WindowScan::Rows::set_apart(const Request& request, const ConditionOrder& order) {
    const size_t extent = request.state.rows.slots().extent(), known = order.rows();
    const auto logged = *request.state.rows.attributes().changed_since(order.version());
    changed.assign(logged.begin(), logged.end());
    for (size_t row = known; row < extent; ++row) changed.push_back(static_cast<uint32_t>(row));
    if (changed.empty()) return;
    std::ranges::sort(changed);
    changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
    std::erase_if(changed, [&](uint32_t row) { return row >= extent; });
    bits_.grow(extent, ~uint64_t{0});
    if (allowed != nullptr) bits_.write(0, allowed, words_for(extent));
    std::erase_if(changed, [&](uint32_t row) { return !bits_.test(row); });
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
    std::map<OrderedCondition::Key, std::vector<size_t>> by_order;
    for (const size_t number : numbers)
        if (conditions_[number] != nullptr && excluded_by(request, number) <= request.scan_width)
            by_order[conditions_[number]->key()].push_back(number);
    std::vector<bool> is_answered(request.call.count);
    for (const auto& [key, own] : by_order)
        for (const size_t number : scan_order(request, searchers, own, report))
            is_answered[number] = true;
    std::vector<size_t> left;
    for (const size_t number : numbers)
        if (!is_answered[number]) left.push_back(number);
    return left;
}

std::vector<size_t> WindowScan::scan_order(const Request& request, SearcherPool& searchers,
                                           std::span<const size_t> numbers, SearchReport& report) {
    if (numbers.size() < kFewestQueries) return {};
    const auto order =
        ConditionOrder::of(request.state, *conditions_[numbers.front()], numbers.size());
    if (!order) return {};
    std::vector<Query> queries;
    for (const size_t number : numbers)
        if (auto allowed = order->runs_of(*conditions_[number])) {
            const size_t places = allowed->places();
            queries.push_back({number, std::move(*allowed), places});
        }
    std::ranges::sort(queries, {}, [](const Query& query) {
        const auto& runs = query.allowed.runs;
        return std::tuple(class_of(query.places), runs.empty() ? 0 : runs[0].begin, query.number);
    });
    const std::vector<std::span<const Query>> groups = groups_of(request, queries);
    if (groups.empty()) return {};
    const Rows rows(request, *order);
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

// Groups of queries to scan together: those of one size class, if that costs less.
std::vector<std::span<const WindowScan::Query>>
WindowScan::groups_of(const Request& request, std::span<const Query> queries) {
    const size_t threads = workers_for(request.call.options.threads, queries.size());
    std::vector<std::span<const Query>> groups;
    for (size_t first = 0, last = 0; first < queries.size(); first = last) {
        while (last < queries.size() &&
               class_of(queries[last].places) == class_of(queries[first].places))
            ++last;
        const std::span<const Query> own = queries.subspan(first, last - first);
        if (!costs_less(request, own)) continue;
        const size_t most = std::min(max_group(request), (own.size() + threads - 1) / threads);
        const size_t parts = (own.size() + most - 1) / most;
        for (size_t i = 0; i < parts; ++i) {
            const size_t from = own.size() * i / parts, to = own.size() * (i + 1) / parts;
            if (to - from > Scanner::kFew) groups.push_back(own.subspan(from, to - from));
        }
    }
    return groups;
}

bool WindowScan::costs_less(const Request& request, std::span<const Query> queries) {
    const auto rows = static_cast<double>(request.state.rows.slots().extent());
    const double share = static_cast<double>(request.passing_count) / rows;
    size_t sum = 0;
    double alone = 0;
    for (const Query& query : queries) {
        sum += query.places;
        const double own = share * static_cast<double>(query.places);
        const Costs costs = request.costs_of_one(static_cast<size_t>(own), request.beam_width);
        const bool must_scan = request.plan == Plan::scan;
        alone += must_scan ? costs.scan : std::min(costs.scan, costs.walk);
        alone += kCompareValue * rows;
    }
    size_t reach = 0, joined = 0;  // of windows: how far they reach, and their union
    for (const auto& [begin, end, query] : windows_of(queries)) {
        joined += end - std::min(end, std::max(begin, reach));
        reach = std::max(reach, end);
    }
    // A chunk of rows is scored for whole blocks of queries.
    const size_t scored = sum + joined * kBlockQueries / 2;
    return block_scan_cost(request.state.costs, scored, queries.size() * request.scan_width) <=
           alone;
}

// All windows by their begins. Queries have their number in the group.
std::vector<WindowScanner::Window> WindowScan::windows_of(std::span<const Query> queries) {
    std::vector<WindowScanner::Window> windows;
    for (size_t i = 0; i < queries.size(); ++i)
        for (const PlaceRun& run : queries[i].allowed.runs)
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
    size_t most_excluded = 0, passing = 0;
    for (const Query& query : queries) {
        numbers.push_back(query.number);
        most_excluded = std::max(most_excluded, excluded_by(request, query.number));
        for (const PlaceRun& run : query.allowed.runs)
            passing += rows.before(run.end) - rows.before(run.begin);
    }
    searcher.encode(request.call.queries, state.dim, request.number_of(0), numbers);
    for (size_t i = 0; i < numbers.size(); ++i)
        searcher.queries[i].item_bias_weight = searcher.coarse[i].item_bias_weight =
            request.bias_weight(numbers[i]);
    const ScoredRows scored = state.rows.scored();
    WindowScanner& scanner = searcher.window_scanner;
    scanner.begin(searcher.coarse, state.dim, request.scan_width + most_excluded);
    scanner.scan(scored, rows.list, windows_of(queries), rows.allowed, nullptr);
    for (size_t i = 0; i < queries.size(); ++i) {
        const std::vector<uint32_t> tested = tested_rows(rows, queries[i]);
        scanner.extend(i, scored, tested);
        passing += tested.size();
        const std::span<const Key> found = scanner.finish(i);
        searcher.keys.assign(found.begin(), found.end());
        drop_excluded(request, numbers[i], searcher.keys);
        keep_least(std::span(searcher.keys), request.scan_width);
        searcher.keys.resize(std::min(searcher.keys.size(), request.scan_width));
        searcher.rescore(state.kernels, scored, searcher.queries[i], request.wanted());
        deliver(request, searcher, numbers[i]);
    }
    return passing;
}

// The allowed rows outside the windows for which the condition holds: those that the order does not
// decide, and changed ones.
std::vector<uint32_t> WindowScan::tested_rows(const Rows& rows, const Query& query) const {
    const OrderedCondition& condition = *conditions_[query.number];
    std::vector<uint32_t> tested;
    for (const uint32_t row : query.allowed.tested)
        if ((rows.allowed == nullptr || test_bit(rows.allowed, row)) && condition.holds(row))
            tested.push_back(row);
    for (const uint32_t row : rows.changed)
        if (condition.holds(row)) tested.push_back(row);
    return tested;
}

}  // namespace vecq
