// Scores centroids, then scans the nearest cells of all queries of a group together, cell by cell.
#include "search/probe_search.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

#include "search/parallel.hpp"
#include "search/scan_search.hpp"

namespace vecq {
namespace {

// Limits of a group: the larger it is, the more of its queries want the same cell. A large group
// ends unanswered if a writer waits, and is cut.
constexpr size_t kMaxQueries = 512 * kBlockQueries, kMaxIfWritersWait = 8 * kBlockQueries;
constexpr size_t kMaxKeys = size_t{1} << 23;

size_t max_group(const Request& request, size_t width) {
    if (request.slice.expects_writers()) return kMaxIfWritersWait;
    const size_t blocks = kMaxKeys / TopK::capacity(width) / kBlockQueries;
    return std::clamp(blocks * kBlockQueries, kBlockQueries, kMaxQueries);
}

// The rows that queries choose from: those of cells, and others.
struct ProbedRows {
    ProbedRows(const Request& request, const Cells& cells) : allowed(request.allowed) {
        const size_t extent = request.state.rows.slots().extent();
        const auto add = [&](size_t row) {
            if (allowed == nullptr || test_bit(allowed, row))
                others.push_back(static_cast<uint32_t>(row));
        };
        for (const uint32_t row : cells.changed()) add(row);
        for (size_t row = cells.extent(); row < extent; ++row) add(row);
        if (cells.changed().empty()) return;
        in_cells_.grow(extent, ~uint64_t{0});
        if (allowed != nullptr) in_cells_.write(0, allowed, words_for(extent));
        for (const uint32_t row : cells.changed()) in_cells_.clear(row);
        allowed = in_cells_.words();
    }
    ProbedRows(const ProbedRows&) = delete;
    ProbedRows& operator=(const ProbedRows&) = delete;

    const uint64_t* allowed;       // rows of cells, one bit per row; null: all
    std::vector<uint32_t> others;  // allowed rows in no cell

private:
    Bitset in_cells_;
};

// Of the queries of a call, the largest number of excluded items.
size_t most_excluded(const Request& request) {
    const int64_t* offsets = request.call.options.exclude.offsets;
    int64_t most = 0;
    for (size_t i = 0; offsets != nullptr && i < request.call.count; ++i)
        most = std::max(most, offsets[i + 1] - offsets[i]);
    return static_cast<size_t>(most);
}

class ProbeScan {
public:
    ProbeScan(const Request& request, const ProbedRows& rows, size_t width, Searcher& searcher)
        : request_(request),
          cells_(*request.state.cells),
          rows_(rows),
          scored_(request.state.rows.scored()),
          width_(width),
          searcher_(searcher) {}

    // Answers a range of queries. Returns false, and answers none, if the slice ends before.
    bool answer(Pending::Range range) {
        searcher_.encode(request_.query(range.first), request_.state.dim,
                         request_.number_of(range.first), range.count);
        find_windows(range.count);
        request_.weigh_biases(searcher_, range.first);  // centroids have none
        WindowScanner& scanner = searcher_.window_scanner;
        scanner.begin(searcher_.coarse, request_.state.dim, width_);
        const Slice* slice = range.count > kMaxIfWritersWait ? &request_.slice : nullptr;
        if (!scanner.scan(scored_, {&wanted_, 1}, rows_.allowed, slice)) return false;
        if (!rows_.others.empty()) scanner.extend(scored_, {rows_.others, 0, rows_.others.size()});
        add_extremes(range.count);
        deliver_all(range);
        scored += range.count * (cells_.count() + rows_.others.size());
        for (const WindowScanner::Window& window : wanted_.windows)
            scored += window.end - window.begin;
        return true;
    }

    size_t scored = 0;   // number of rows
    size_t starved = 0;  // number of queries that found too few rows

private:
    // The windows of each query are its nearest cells.
    void find_windows(size_t count) {
        Scanner& scanner = searcher_.scanner;
        const size_t probes = std::min(request_.probes, cells_.count());
        scanner.begin(searcher_.coarse, request_.state.dim, probes, nullptr);
        scanner.scan(cells_.centroids().scored(cells_.count()), {{}, 0, cells_.count()});
        wanted_.list = cells_.list();
        wanted_.windows.clear();
        for (size_t i = 0; i < count; ++i)
            for (const Key key : scanner.finish(i))
                wanted_.windows.push_back(
                    {cells_.begin_of(node_of(key)), cells_.end_of(node_of(key)), i});
        std::ranges::sort(wanted_.windows, {}, [](const WindowScanner::Window& window) {
            return std::pair(window.begin, window.query);
        });
    }

    // Rows of extreme biases may be among the best results however far their cells are.
    void add_extremes(size_t count) {
        if (request_.state.rows.biased() == nullptr) return;
        std::vector<uint32_t> rows;
        for (const uint32_t row : request_.state.bias_extremes.rows())
            if (request_.state.rows.slots().is_visible(row) &&
                (request_.allowed == nullptr || test_bit(request_.allowed, row)))
                rows.push_back(row);
        for (size_t i = 0; i < count; ++i)
            if (searcher_.coarse[i].item_bias_weight != 0)
                searcher_.window_scanner.extend(i, scored_, rows);
    }

    void deliver_all(Pending::Range range) {
        const auto [first, count] = range;
        const RowFilter* filters =
            searcher_.filters.set([&](int64_t id) { return visible_row(request_.state, id); },
                                  request_.allowed, request_.call.options.exclude, first, count);
        if (filters != nullptr) searcher_.filters.make_sets();
        const size_t enough = std::min(request_.depth, request_.passing_count);
        std::vector<size_t> left;
        for (size_t i = 0; i < count; ++i) {
            take(i, filters);
            const size_t found = searcher_.keys.size();
            if (found < enough || !deliver(request_, searcher_, first + i, found))
                left.push_back(i);
        }
        if (left.empty()) return;
        // Copies: these scans replace the searcher's queries, but not their codes.
        const std::vector<EncodedQuery> coarse = searcher_.coarse, queries = searcher_.queries;
        for (const size_t i : left)
            deliver_by_scan(request_, searcher_, coarse[i], queries[i],
                            filters == nullptr ? RowFilter{} : filters[i], request_.passing.get(),
                            first + i);
        starved += left.size();
    }

    // Sets the searcher's keys to the best rows of query `i`.
    void take(size_t i, const RowFilter* filters) {
        const std::span<const Key> found = searcher_.window_scanner.finish(i);
        std::vector<Key>& keys = searcher_.keys;
        keys.assign(found.begin(), found.end());
        if (request_.state.rows.biased() != nullptr) {
            std::ranges::sort(keys);
            keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
        }
        if (filters != nullptr)
            std::erase_if(keys, [&](Key key) { return !filters[i].may_return(node_of(key)); });
        keep_least(std::span(keys), request_.scan_width);
        keys.resize(std::min(keys.size(), request_.scan_width));
        searcher_.rescore(request_.state.kernels, scored_, searcher_.queries[i], request_.wanted());
    }

    const Request& request_;
    const Cells& cells_;
    const ProbedRows& rows_;
    const ScoredRows scored_;
    const size_t width_;  // number of rows that a query keeps
    Searcher& searcher_;
    WindowScanner::Part wanted_;  // the cells of each query
};

// Cuts the pending queries into ranges of at most `most`.
std::vector<Pending::Range> ranges_of(const Pending& pending, size_t count, size_t most) {
    std::vector<Pending::Range> ranges;
    const auto cut = [&](Pending::Range range) {
        for (size_t done = 0; done < range.count; done += most)
            ranges.push_back({range.first + done, std::min(most, range.count - done)});
    };
    std::ranges::for_each(pending.unfinished, cut);
    cut({pending.next, count - pending.next});
    return ranges;
}

}  // namespace

void probe_cells(const Request& request, SearcherPool& searchers, Pending& pending,
                 SearchReport& report) {
    request.state.cells->validate();
    const ProbedRows rows(request, *request.state.cells);
    const size_t count = request.call.count;
    const size_t width = request.scan_width + most_excluded(request);
    const size_t threads = workers_for(request.call.options.threads, count - pending.next);
    const size_t share = std::max<size_t>(1, (count - pending.next + threads - 1) / threads);
    const std::vector<Pending::Range> ranges =
        ranges_of(pending, count, std::min(share, max_group(request, width)));
    std::atomic<size_t> scored = 0, starved = 0;
    std::vector<Pending::Range> left;
    std::mutex leaving;
    const auto probe = [&](Searcher& searcher, size_t task) {
        ProbeScan scan(request, rows, width, searcher);
        if (!scan.answer(ranges[task])) {
            const std::lock_guard lock(leaving);
            left.push_back(ranges[task]);
        }
        scored += scan.scored;
        starved += scan.starved;
    };
    const TasksDone done = with_searchers(request, searchers, request.slice, ranges.size(), probe);
    left.insert(left.end(), ranges.begin() + static_cast<ptrdiff_t>(done.begun), ranges.end());
    pending = {std::move(left), count};
    report.walked.scores += scored;
    report.starved += starved;
}

}  // namespace vecq
