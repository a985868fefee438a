// Exact search: every row that passes is scored by the first digit of a query, a few more than are
// wanted are scored anew by all there is of it.
#include <algorithm>

#include "base/pool.hpp"
#include "index/request.hpp"
#include "index/searcher.hpp"
#include "index/searching.inl.hpp"

namespace vecq {
namespace {

// Queries that a thread scans for at a time: the more, the less often rows come from memory, but what
// is kept of each takes room.
constexpr size_t kMostQueries = 8 * kBlockQueries;
constexpr size_t kMostKeys = size_t{1} << 21;

size_t most_queries(size_t scan_width) {
    const size_t blocks = kMostKeys / Best::room(scan_width) / kBlockQueries;
    return std::clamp(blocks * kBlockQueries, kBlockQueries, kMostQueries);
}

}  // namespace

// Shares out queries if there are enough blocks of them for all threads, otherwise rows. A slice ends
// between groups of queries, which are small where writers came lately. Returns how many scores that took.
size_t Index::scan(const Request& request, Pending& pending) const {
    const size_t start = pending.next, left = request.count - start;
    const size_t most =
        request.slice.expects_writers() ? kBlockQueries : most_queries(request.scan_width);
    const size_t threads = workers_for(request.options.threads, left * request.rows.count);
    const size_t blocks = (left + kBlockQueries - 1) / kBlockQueries;
    size_t& next = pending.next;
    if (blocks < threads) {
        do {
            const size_t count = std::min(most, request.count - next);
            scan_parts(request, next, count, threads);
            next += count;
        } while (next < request.count && !request.slice.is_over());
    } else {
        const size_t group = std::min((blocks + threads - 1) / threads * kBlockQueries, most);
        const size_t tasks = (left + group - 1) / group;
        const Tasks all =
            with_searchers(request, request.slice, tasks, [&](Searcher& searcher, size_t task) {
                const size_t first = start + task * group;
                scan_group(searcher, request, first, std::min(group, request.count - first));
            });
        next = std::min(request.count, start + all.begun * group);
    }
    return (next - start) * request.rows.count;
}

void Index::scan_group(Searcher& searcher, const Request& request, size_t first,
                       size_t count) const {
    searcher.encode(request.query(first, dim()), dim(), request.number_of(first), count);
    const Gate* gates = gates_of(searcher, request, first, count);
    searcher.scanner.begin(searcher.coarse, dim(), request.scan_width, gates);
    searcher.scanner.scan(scored(), request.rows);
    for (size_t i = 0; i < count; ++i) {
        const std::span<const Key> keys = searcher.scanner.finish(i);
        searcher.keys.assign(keys.begin(), keys.end());
        searcher.rescore(kernels_, scored(), searcher.queries[i], request.wanted());
        finish(searcher, request, first + i);
    }
}

// Each thread scans a part of the rows for all of a few queries.
void Index::scan_parts(const Request& request, size_t first, size_t count, size_t threads) const {
    const std::unique_ptr<Searcher> own = take_searcher(request.options.query_bits);
    own->encode(request.query(first, dim()), dim(), request.number_of(first), count);
    const Gate* gates = gates_of(*own, request, first, count);
    std::vector<std::vector<Key>> found(threads * count);
    const size_t rows = request.rows.count;
    parallel_for(threads, threads, [&](size_t part, size_t) {
        Scanner scanner(kernels_);
        scanner.begin(own->coarse, dim(), request.scan_width, gates);
        scanner.scan(scored(),
                     request.rows.part(rows * part / threads, rows * (part + 1) / threads));
        for (size_t i = 0; i < count; ++i) {
            const std::span<const Key> keys = scanner.finish(i);
            found[i * threads + part].assign(keys.begin(), keys.end());
        }
    });
    with_searchers(request, Slice{}, count, [&](Searcher& searcher, size_t i) {
        searcher.keys.clear();
        for (size_t part = 0; part < threads; ++part) {
            const std::vector<Key>& keys = found[i * threads + part];
            searcher.keys.insert(searcher.keys.end(), keys.begin(), keys.end());
        }
        keep_least(std::span(searcher.keys), request.scan_width);
        searcher.keys.resize(std::min(searcher.keys.size(), request.scan_width));
        searcher.rescore(kernels_, scored(), own->queries[i], request.wanted());
        finish(searcher, request, first + i);
    });
}

// In place of what a walk found for one of its queries, whose gate has its set, for it was walked for.
void Index::scan_for(Searcher& searcher, const Request& request, size_t i, Gate gate) const {
    gate.allowed = request.allowed;
    searcher.scanner.begin({&searcher.coarse[i], 1}, dim(), request.scan_width, &gate);
    searcher.scanner.scan(scored(), request.rows);
    const std::span<const Key> keys = searcher.scanner.finish(0);
    searcher.keys.assign(keys.begin(), keys.end());
    searcher.rescore(kernels_, scored(), searcher.queries[i], request.wanted());
}

}  // namespace vecq
