// Finds the windows of queries, decides which to scan together, and scans them by groups.
#include "search/window_scan.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <map>
#include <tuple>
#include <utility>

#include "search/group_scan.hpp"
#include "search/parallel.hpp"
#include "search/scan_search.hpp"
#include "search/where_filters.hpp"

namespace vecq {
namespace {

// With fewer queries too few windows overlap.
constexpr size_t kFewestQueries = 32;
// Limits of a group, as in scan_search.cpp. Large groups read rows less often.
constexpr size_t kMaxQueries = 32 * kBlockQueries, kMaxKeys = size_t{1} << 20;
// Seconds to compare a value of a column, which every plan of a single query needs.
constexpr double kCompareValue = 5e-11;
// Queries per task of what is left.
constexpr size_t kQueriesPerTask = 32;

size_t excluded_by(const Request& request, size_t number) {
    const int64_t* offsets = request.call.options.exclude.offsets;
    return offsets == nullptr ? 0 : static_cast<size_t>(offsets[number + 1] - offsets[number]);
}

size_t max_group(const Request& request) {
    if (request.slice.expects_writers()) return kBlockQueries;
    const size_t blocks = kMaxKeys / TopK::capacity(request.scan_width) / kBlockQueries;
    return std::clamp(blocks * kBlockQueries, kBlockQueries, kMaxQueries);
}

std::vector<size_t> numbers_of(const Pending& pending, size_t count) {
    std::vector<size_t> numbers;
    const auto add = [&](size_t first, size_t last) {
        for (; first < last; ++first) numbers.push_back(first);
    };
    for (const auto [first, length] : pending.unfinished) add(first, first + length);
    add(pending.next, count);
    return numbers;
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

// A size class, so that windows that are scanned together are about as long.
int class_of(const OrderedRun& run) { return std::bit_width(run.end - run.begin) / 2; }

// Cuts ascending numbers into runs for tasks.
std::vector<Pending::Range> ranges_of(std::span<const size_t> numbers) {
    std::vector<Pending::Range> ranges;
    for (const size_t number : numbers) {
        if (!ranges.empty() && ranges.back().count < kQueriesPerTask &&
            ranges.back().first + ranges.back().count == number)
            ++ranges.back().count;
        else
            ranges.push_back({number, 1});
    }
    return ranges;
}

}  // namespace

// The rows that queries on one attribute choose from.
struct WindowScan::Rows {
    Rows(const Request& request, const Attributes::Ordered& ordered);
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

    void set_apart(const Request& request, const Attributes::Ordered& ordered);

    Bitset bits_;
    std::vector<size_t> before_;  // of every kCounted-th place
};

WindowScan::Rows::Rows(const Request& request, const Attributes::Ordered& ordered)
    : list{ordered.rows->in_order(), 0, ordered.rows->in_order().size()}, allowed(request.allowed) {
    set_apart(request, ordered);
    if (allowed == nullptr) return;
    size_t count = 0;
    for (size_t at = 0; at < list.count; ++at) {
        if (at % kCounted == 0) before_.push_back(count);
        count += test_bit(allowed, list[at]);
    }
    before_.push_back(count);
}

// Sets the rows apart that changed since the list was sorted.
void WindowScan::Rows::set_apart(const Request& request, const Attributes::Ordered& ordered) {
    const size_t extent = request.state.rows.slots().extent(), known = ordered.rows->rows();
    const auto logged = *request.state.rows.attributes().changed_since(ordered.version);
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

void WindowScan::parse(const Request& request) {
    if (std::exchange(is_parsed_, true)) return;
    for (const char* where : request.call.options.where)
        terms_.push_back(where == nullptr ? std::nullopt
                                          : WhereFilters::range(request.state, where));
}

void WindowScan::scan(const Request& request, SearcherPool& searchers, Pending& pending,
                      SearchReport& report) {
    const bool may_scan = request.plan == Plan::automatic || request.plan == Plan::scan;
    const std::vector<size_t> numbers = numbers_of(pending, request.call.count);
    if (!may_scan || request.call.options.groups != nullptr || numbers.size() < kFewestQueries)
        return;
    parse(request);
    std::map<size_t, std::vector<size_t>> by_attribute;
    for (const size_t number : numbers)
        if (terms_[number] && excluded_by(request, number) <= request.scan_width)
            by_attribute[terms_[number]->attribute->number].push_back(number);
    std::vector<bool> is_answered(request.call.count);
    for (const auto& [attribute, own] : by_attribute)
        for (const size_t number : scan_attribute(request, searchers, own, report))
            is_answered[number] = true;
    std::vector<size_t> left;
    for (const size_t number : numbers)
        if (!is_answered[number]) left.push_back(number);
    if (left.size() == numbers.size()) return;
    pending = {ranges_of(left), request.call.count};
}

std::vector<size_t> WindowScan::scan_attribute(const Request& request, SearcherPool& searchers,
                                               std::span<const size_t> numbers,
                                               SearchReport& report) const {
    if (numbers.size() < kFewestQueries) return {};
    const IndexState& state = request.state;
    const Attributes::Ordered ordered = state.rows.attributes().ordered(
        *terms_[numbers.front()]->attribute, state.rows.slots().extent(), numbers.size());
    if (ordered.rows == nullptr) return {};
    std::vector<Query> queries;
    for (const size_t number : numbers)
        queries.push_back({number, run_of(*ordered.rows, *terms_[number])});
    std::ranges::sort(queries, {}, [](const Query& query) {
        return std::tuple(class_of(query.run), query.run.begin, query.number);
    });
    const std::vector<std::span<const Query>> groups = groups_of(request, queries);
    if (groups.empty()) return {};
    const Rows rows(request, ordered);
    std::atomic<size_t> passing = 0;
    const TasksDone done = with_searchers(
        request, searchers, request.slice, groups.size(), [&](Searcher& searcher, size_t task) {
            passing += scan_group(request, searcher, rows, groups[task]);
        });
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
        while (last < queries.size() && class_of(queries[last].run) == class_of(queries[first].run))
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
    size_t reach = 0, joined = 0, sum = 0;  // of windows: how far they reach, their union and sum
    double alone = 0;
    for (const auto& [number, run] : queries) {
        joined += run.end - std::min(run.end, std::max(run.begin, reach));
        reach = std::max(reach, run.end);
        sum += run.end - run.begin;
        const double own = share * static_cast<double>(run.end - run.begin);
        const Costs costs = request.costs_of_one(static_cast<size_t>(own), request.beam_width);
        const bool must_scan = request.plan == Plan::scan;
        alone += must_scan ? costs.scan : std::min(costs.scan, costs.walk);
        alone += kCompareValue * rows;
    }
    // A chunk of rows is scored for whole blocks of queries.
    const size_t scored = sum + joined * kBlockQueries / 2;
    return block_scan_cost(request.state.costs, scored, queries.size() * request.scan_width) <=
           alone;
}

size_t WindowScan::scan_group(const Request& request, Searcher& searcher, const Rows& rows,
                              std::span<const Query> queries) const {
    const IndexState& state = request.state;
    std::vector<size_t> numbers;
    std::vector<WindowScanner::Window> windows;
    size_t most_excluded = 0, passing = 0;
    for (const Query& query : queries) {
        numbers.push_back(query.number);
        windows.push_back({query.run.begin, query.run.end, windows.size()});
        most_excluded = std::max(most_excluded, excluded_by(request, query.number));
        passing += rows.before(query.run.end) - rows.before(query.run.begin);
    }
    searcher.encode(request.call.queries, state.dim, request.number_of(0), numbers);
    for (size_t i = 0; i < numbers.size(); ++i)
        searcher.queries[i].item_bias_weight = searcher.coarse[i].item_bias_weight =
            request.bias_weight(numbers[i]);
    const ScoredRows scored = state.rows.scored();
    WindowScanner& scanner = searcher.window_scanner;
    scanner.begin(searcher.coarse, state.dim, request.scan_width + most_excluded);
    scanner.scan(scored, rows.list, windows, rows.allowed, nullptr);
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

// The allowed rows outside the window for which the condition holds: at the ends of the run, and
// changed ones.
std::vector<uint32_t> WindowScan::tested_rows(const Rows& rows, const Query& query) const {
    const Term& term = *terms_[query.number];
    const OrderedRun& run = query.run;
    std::vector<uint32_t> tested;
    const auto test = [&](size_t first, size_t last) {
        for (size_t place = first; place < last; ++place)
            if (const uint32_t row = rows.list[place];
                holds(term, row) && (rows.allowed == nullptr || test_bit(rows.allowed, row)))
                tested.push_back(row);
    };
    test(run.first, run.begin);
    test(run.end, run.last);
    for (const uint32_t row : rows.changed)
        if (holds(term, row)) tested.push_back(row);
    return tested;
}

}  // namespace vecq
