// Divides a scan among threads: by queries if there are enough, otherwise by rows.
#include "search/scan_search.hpp"

#include <algorithm>

#include "search/group_scan.hpp"
#include "search/parallel.hpp"

namespace vecq {
namespace {

// Limits of a group of queries. A larger group reads rows from memory less often, but each query
// buffers candidates.
constexpr size_t kMaxQueries = 8 * kBlockQueries;
constexpr size_t kMaxKeys = size_t{1} << 21;

size_t max_queries(size_t scan_width) {
    const size_t blocks = kMaxKeys / TopK::capacity(scan_width) / kBlockQueries;
    return std::clamp(blocks * kBlockQueries, kBlockQueries, kMaxQueries);
}

ScanSpec spec_of(const Request& request, const RowList& rows) {
    const IndexState& state = request.state;
    return {.kernels = state.kernels,
            .scored = state.rows.scored(),
            .rows = rows,
            .dim = state.dim,
            .queries = request.call.queries,
            .first_number = request.call.options.first_query,
            .allowed = request.allowed,
            .exclude = request.call.options.exclude,
            .candidates = request.scan_width,
            .wanted = request.wanted()};
}

// All keys of a scan are the best ones. With fewer than asked for no item is left.
size_t trusted(const Request& request, const Searcher& searcher) {
    return searcher.keys.size() < request.wanted() ? SIZE_MAX : searcher.keys.size();
}

RowFilter filter_of(const Request& request, Searcher& searcher, size_t i) {
    const bool excludes = request.call.options.exclude.offsets != nullptr;
    return excludes || request.allowed != nullptr ? searcher.filters[i] : RowFilter{};
}

// Scans for a group of queries on one thread.
void scan_group(const Request& request, Searcher& searcher, size_t first, size_t count) {
    GroupScan group(spec_of(request, request.rows()), searcher);
    group.scan(
        first, count, 1, [&](int64_t id) { return visible_row(request.state, id); },
        [&] { request.weigh_biases(searcher, first); });
    std::vector<size_t> left;
    for (size_t i = 0; i < count; ++i) {
        group.take(i, searcher.queries[i], searcher);
        if (!deliver(request, searcher, first + i, trusted(request, searcher))) left.push_back(i);
    }
    if (left.empty()) return;
    searcher.filters.make_sets();
    // Copies: these scans replace the searcher's queries, but not their codes.
    const std::vector<EncodedQuery> coarse = searcher.coarse, queries = searcher.queries;
    for (const size_t i : left)
        deliver_by_scan(request, searcher, coarse[i], queries[i], filter_of(request, searcher, i),
                        request.passing.get(), first + i);
}

// Scans for a group of queries with each thread taking a part of the rows, then rescores with each
// thread taking some of the queries.
void scan_group_together(const Request& request, SearcherPool& searchers, size_t first,
                         size_t count, size_t threads) {
    const std::unique_ptr<Searcher> own =
        searchers.take(request.state, request.call.options.query_bits);
    GroupScan group(spec_of(request, request.rows()), *own);
    group.scan(
        first, count, threads, [&](int64_t id) { return visible_row(request.state, id); },
        [&] { request.weigh_biases(*own, first); });
    if (request.call.options.groups != nullptr) own->filters.make_sets();
    with_searchers(request, searchers, Slice{}, count, [&](Searcher& searcher, size_t i) {
        group.take(i, own->queries[i], searcher);
        if (!deliver(request, searcher, first + i, trusted(request, searcher)))
            deliver_by_scan(request, searcher, own->coarse[i], own->queries[i],
                            filter_of(request, *own, i), request.passing.get(), first + i);
    });
}

}  // namespace

// A slice may end between groups, which are small if a writer came recently.
void scan_rows(const Request& request, SearcherPool& searchers, Pending& pending,
               SearchReport& report) {
    const size_t start = pending.next, left = request.call.count - start;
    const size_t max_group =
        request.slice.expects_writers() ? kBlockQueries : max_queries(request.scan_width);
    const size_t threads = workers_for(request.call.options.threads, left * request.row_count());
    const size_t blocks = (left + kBlockQueries - 1) / kBlockQueries;
    size_t& next = pending.next;
    if (blocks < threads) {
        do {
            const size_t count = std::min(max_group, request.call.count - next);
            scan_group_together(request, searchers, next, count, threads);
            next += count;
        } while (next < request.call.count && !request.slice.is_over());
    } else {
        const size_t group = std::min((blocks + threads - 1) / threads * kBlockQueries, max_group);
        const size_t tasks = (left + group - 1) / group;
        const TasksDone done = with_searchers(
            request, searchers, request.slice, tasks, [&](Searcher& searcher, size_t task) {
                const size_t first = start + task * group;
                scan_group(request, searcher, first, std::min(group, request.call.count - first));
            });
        next = std::min(request.call.count, start + done.begun * group);
    }
    report.walked.scores += (next - start) * request.row_count();
}

void deliver_by_scan(const Request& request, Searcher& searcher, const EncodedQuery& coarse,
                     const EncodedQuery& query, RowFilter filter, const Passing* passing,
                     size_t number) {
    constexpr size_t kDeeper = 8;
    const size_t allowed = passing == nullptr ? request.passing_count : passing->count;
    filter.allowed = passing == nullptr ? request.allowed : passing->bits.words();
    ScanSpec spec = spec_of(request, request.rows_of(passing));
    while (true) {
        spec.wanted = std::min(kDeeper * spec.wanted, allowed);
        spec.candidates = std::min(scan_candidates(spec.wanted), allowed);
        GroupScan group(spec, searcher);
        group.scan_encoded({&coarse, 1}, &filter, 1);
        group.take(0, query, searcher);
        const bool is_all = spec.wanted == allowed || searcher.keys.size() < spec.wanted;
        if (deliver(request, searcher, number, is_all ? SIZE_MAX : searcher.keys.size())) return;
    }
}

// Requires that the filter has a set, which every walked query has.
void scan_for(const Request& request, Searcher& searcher, size_t i, RowFilter filter,
              const Passing* passing) {
    filter.allowed = passing == nullptr ? request.allowed : passing->bits.words();
    GroupScan group(spec_of(request, request.rows_of(passing)), searcher);
    group.scan_encoded({&searcher.coarse[i], 1}, &filter, 1);
    group.take(0, searcher.queries[i], searcher);
}

}  // namespace vecq
