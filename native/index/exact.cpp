#include "index/exact.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/pool.hpp"
#include "base/status.hpp"
#include "index/gates.hpp"
#include "index/scanner.hpp"

namespace vecq {
namespace {

// Queries that a thread scans for at a time.
constexpr size_t kMostQueries = 4 * kBlockQueries;

class Worker {
public:
    Worker(const Codec& codec, const ExactOptions& options)
        : kernels_(active_engine()[codec.width()]),
          coder_(codec, options.metric, options.query_bits),
          options_(options),
          codes_(kMostQueries * coder_.bytes()),
          scanner_(kernels_) {}

    void search(const float* queries, size_t first, size_t count, const ScoredRows& scored,
                const Found& found) {
        const size_t first_row = options_.first_row;
        const size_t dim = coder_.dim(), rows = scored.rows.count, k = options_.k;
        EncodedQuery fine[kMostQueries], coarse[kMostQueries];
        for (size_t i = 0; i < count; ++i) {
            fine[i] = coder_.encode(queries + (first + i) * dim, options_.first_query + first + i,
                                    codes_.as<std::byte>() + i * coder_.bytes());
            coarse[i] = coarsened(fine[i]);
        }
        const auto row_of = [&](int64_t id) {
            const auto row = static_cast<uint64_t>(id) - first_row;
            return row < rows ? static_cast<uint32_t>(row) : kNoRow;
        };
        const Gate* gates = gates_.set(row_of, nullptr, options_.exclude, first, count);
        const RowList all{{}, 0, rows};
        if (gates != nullptr && Scanner::wants_sets(count)) gates_.make_sets();
        scanner_.begin({coarse, count}, dim, std::min(rows, k + k / 4 + 32), gates);
        scanner_.scan(scored, all);
        for (size_t i = 0; i < count; ++i)
            merge(fine[i], scanner_.finish(i), scored, first + i, found);
    }

private:
    void merge(const EncodedQuery& query, std::span<const Key> keys, const ScoredRows& scored,
               size_t number, const Found& found) {
        const size_t k = options_.k;
        int64_t* ids = found.ids + number * k;
        float* scores = found.scores + number * k;
        auto& count = found.counts[number];
        rows_.clear();
        for (const Key key : keys) rows_.push_back(node_of(key));
        scores_.resize(rows_.size());
        kernels_.score(query, scored, rows_, scores_.data());
        all_.clear();
        for (int64_t i = 0; i < count; ++i)
            all_.push_back(key_of(scores[i], static_cast<uint32_t>(ids[i])));
        for (size_t i = 0; i < rows_.size(); ++i)
            all_.push_back(
                key_of(scores_[i], static_cast<uint32_t>(options_.first_row + rows_[i])));
        keep_least(std::span(all_), k);
        all_.resize(std::min(all_.size(), k));
        sort_keys(all_, room_);
        count = static_cast<int64_t>(all_.size());
        for (size_t i = 0; i < all_.size(); ++i) {
            ids[i] = node_of(all_[i]);
            scores[i] = score_of(all_[i]);
        }
    }

    const Kernels& kernels_;
    QueryCoder coder_;
    const ExactOptions& options_;
    Memory codes_;
    Gates gates_;
    Scanner scanner_;
    std::vector<uint32_t> rows_;
    std::vector<float> scores_;
    std::vector<Key> all_, room_;
};

std::vector<Affine> affines_of(Metric metric, const Store& store, size_t first_row) {
    std::vector<Affine> all(store.size());
    for (size_t r = 0; r < all.size(); ++r) {
        all[r] = affine_of(metric, store[r]);
        if (!std::isfinite(all[r].a) || !std::isfinite(all[r].c))
            refuse("rows", "rows has a squared norm beyond float32 in row " +
                               std::to_string(first_row + r) + ", scale the data down");
    }
    return all;
}

}  // namespace

void exact_block(const Codec& codec, const ExactOptions& options, const float* queries,
                 size_t count, const float* rows, size_t row_count, const Found& found) {
    Store store(codec);
    store.reserve(row_count);
    try {
        store.append(rows, row_count, options.first_row, options.threads);
    } catch (const Error& error) {
        throw renamed(error, "vectors", "rows");
    }
    const std::vector<Affine> affine = affines_of(options.metric, store, options.first_row);
    const ScoredRows scored{store.rows(), affine.data()};
    const size_t share = count / workers_for(options.threads, count) / kBlockQueries;
    const size_t group = std::clamp(share * kBlockQueries, kBlockQueries, kMostQueries);
    const size_t tasks = (count + group - 1) / group;
    const size_t workers = workers_for(options.threads, tasks);
    std::vector<std::unique_ptr<Worker>> all(workers);
    parallel_for(workers, tasks, [&](size_t task, size_t worker) {
        if (!all[worker]) all[worker] = std::make_unique<Worker>(codec, options);
        const size_t first = task * group;
        all[worker]->search(queries, first, std::min(group, count - first), scored, found);
    });
}

}  // namespace vecq
