// Encodes a block of rows, scans it by groups of queries and merges the results.
#include "search/brute_force.hpp"

#include <algorithm>

#include "base/pool.hpp"
#include "base/status.hpp"
#include "search/group_scan.hpp"

namespace vecq {
namespace {

// Maximum number of queries per scan of a thread.
constexpr size_t kMaxQueries = 4 * kBlockQueries;

// Merges the searcher's keys, whose rows are numbered from `first_row`, into the results of query
// `number`.
void merge(Searcher& searcher, size_t first_row, size_t number, size_t k, const Found& found,
           std::vector<Key>& scratch) {
    int64_t* ids = found.ids + number * k;
    float* scores = found.scores + number * k;
    int64_t& count = found.counts[number];
    std::vector<Key>& keys = searcher.keys;
    for (Key& key : keys)
        key = key_of(score_of(key), static_cast<uint32_t>(first_row + node_of(key)));
    for (int64_t i = 0; i < count; ++i)
        keys.push_back(key_of(scores[i], static_cast<uint32_t>(ids[i])));
    keep_least(std::span(keys), k);
    keys.resize(std::min(keys.size(), k));
    sort_keys(keys, scratch);
    count = static_cast<int64_t>(keys.size());
    for (size_t i = 0; i < keys.size(); ++i) {
        ids[i] = node_of(keys[i]);
        scores[i] = score_of(keys[i]);
    }
}

}  // namespace

void search_block(const Codec& codec, const BruteForceOptions& options, const float* queries,
                  size_t count, const float* rows, size_t row_count, const Found& found) {
    CodeStore store(codec, options.metric, 0);
    CodeStore::each_column(store, [row_count](Column& column) { column.reserve(row_count); });
    try {
        store.append(rows, row_count, options.first_row, options.threads);
    } catch (const Error& error) {
        throw rename_argument(error, "vectors", "rows");
    }
    const ScanSpec spec{.kernels = active_engine()[codec.width()],
                        .scored = store.scored(row_count),
                        .rows = {{}, 0, row_count},
                        .dim = codec.dim(),
                        .queries = queries,
                        .first_number = options.first_query,
                        .allowed = nullptr,
                        .exclude = options.exclude,
                        .candidates = std::min(row_count, scan_candidates(options.k)),
                        .wanted = options.k};
    const auto row_of = [&](int64_t id) {
        const auto row = static_cast<uint64_t>(id) - options.first_row;
        return row < row_count ? static_cast<uint32_t>(row) : kNoRow;
    };
    const size_t share = count / workers_for(options.threads, count) / kBlockQueries;
    const size_t group = std::clamp(share * kBlockQueries, kBlockQueries, kMaxQueries);
    const size_t tasks = (count + group - 1) / group;
    const size_t workers = workers_for(options.threads, tasks);
    std::vector<std::unique_ptr<Searcher>> searchers(workers);
    std::vector<std::vector<Key>> scratch(workers);
    parallel_for(workers, tasks, [&](size_t task, size_t worker) {
        std::unique_ptr<Searcher>& own = searchers[worker];
        if (!own)
            own = std::make_unique<Searcher>(codec, nullptr, options.metric, options.query_bits);
        const size_t first = task * group, task_count = std::min(group, count - first);
        GroupScan scan(spec, *own);
        scan.scan(first, task_count, 1, row_of);
        for (size_t i = 0; i < task_count; ++i) {
            scan.take(i, own->queries[i], *own);
            merge(*own, options.first_row, first + i, options.k, found, scratch[worker]);
        }
    });
}

}  // namespace vecq
