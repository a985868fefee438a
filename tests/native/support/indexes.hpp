// Indexes for tests, created and searched through the ABI, and exact answers to compare with.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "base/memory.hpp"
#include "random_vector.hpp"
#include "sized.hpp"
#include "vecq.h"

namespace indexes {

using samples::sized;
using samples::Vector;
using Ids = std::vector<int64_t>;

inline constexpr int32_t kMetrics[] = {VECQ_IP, VECQ_COSINE, VECQ_L2};

inline vecq_index_options options_of(int32_t metric, int32_t link = VECQ_LINK_AUTO) {
    return {sizeof(vecq_index_options), metric, link, 8, 50, 1, nullptr, 0};
}

// By default a beam width for all of up to 500 rows, on one thread.
inline vecq_search_options search_of(size_t k, size_t ef = 500, int32_t bits = 15,
                                     size_t rerank = 0, int32_t plan = VECQ_PLAN_WALK) {
    auto options = sized<vecq_search_options>();
    options.k = k;
    options.ef = ef;
    options.rerank = rerank;
    options.query_bits = bits;
    options.plan = plan;
    options.threads = 1;
    return options;
}

struct Codec {
    vecq_codec* own = nullptr;
    size_t dim;

    Codec(int32_t width, size_t dim, int32_t scale = VECQ_SCALE_VECTOR, int32_t center = 0)
        : dim(dim) {
        auto options = sized<vecq_codec_options>();
        options.width = width;
        options.scale = scale;
        options.center = center;
        options.unbiased = 1;
        vecq_codec_open(&options, dim, &own, nullptr);
    }
    Codec(const Codec&) = delete;
    Codec& operator=(const Codec&) = delete;
    ~Codec() { vecq_codec_close(own); }
};

// Returns scores[q * rows + r], computed by the codec alone.
inline Vector exact_scores(const Codec& codec, int32_t metric, int32_t bits, const Vector& queries,
                           const Vector& vectors) {
    const size_t rows = vectors.size() / codec.dim, count = queries.size() / codec.dim;
    size_t bytes = 0;
    vecq_codec_row_bytes(codec.own, &bytes, nullptr);
    const vecq::Memory codes(rows * bytes);
    std::vector<vecq_row_constants> constants(rows);
    std::vector<uint64_t> clipped(codec.dim);
    Vector scores(count * rows);
    vecq_codec_encode(codec.own, vectors.data(), rows, 0, 1, codes.as<void>(), constants.data(),
                      clipped.data(), nullptr);
    vecq_codec_score(codec.own, metric, bits, queries.data(), count, codes.as<void>(),
                     constants.data(), rows, 1, scores.data(), nullptr);
    return scores;
}

struct Found {
    vecq_status status;
    Ids ids;
    Vector scores;
    Ids counts;
    bool operator==(const Found&) const = default;
};

inline bool same_bits(const float* a, const float* b, size_t count) {
    return std::memcmp(a, b, count * sizeof *a) == 0;
}

// Runs the repair pass that is due.
inline vecq_status repair(vecq_index* index, vecq_error* error = nullptr, size_t threads = 1) {
    for (size_t done = 0, total = 1; done < total;)
        if (const vecq_status status = vecq_index_repair(index, threads, &done, &total, error))
            return status;
    return VECQ_OK;
}

class Index {
public:
    Index(const vecq_index_options& options, const Codec& codec, const Codec* rerank = nullptr)
        : dim_(codec.dim) {
        vecq_index_open(&options, codec.own, rerank == nullptr ? nullptr : rerank->own, &own,
                        &error);
    }
    Index(const Index&) = delete;
    Index& operator=(const Index&) = delete;
    ~Index() { vecq_index_close(own); }

    vecq_index* own = nullptr;
    vecq_error error = {};

    vecq_status fit(const Vector& sample) {
        return vecq_index_fit(own, sample.data(), sample.size() / dim_, &error);
    }
    vecq_status stage(const Vector& vectors, const Ids& ids = {}, size_t first_row = 0) {
        return vecq_index_stage(own, vectors.data(), vectors.size() / dim_,
                                ids.empty() ? nullptr : ids.data(), first_row, 1, &error);
    }
    vecq_status link(size_t rows, size_t threads = 1) {
        return vecq_index_link(own, rows, threads, &done, &total, &error);
    }
    // Returns false if a call fails or linking does not end.
    bool link_all(size_t rows = 100, size_t threads = 1) {
        for (size_t calls = 0; calls < 100'000; ++calls) {
            if (link(rows, threads) != VECQ_OK) return false;
            if (done == total) return true;
        }
        return false;
    }
    bool add(const Vector& vectors, const Ids& ids = {}, size_t threads = 1) {
        return stage(vectors, ids) == VECQ_OK && link_all(100, threads) && settle() == VECQ_OK;
    }
    bool update(const Vector& vectors, const Ids& ids, size_t threads = 1) {
        const bool staged = vecq_index_stage_updates(own, vectors.data(), ids.size(), ids.data(), 0,
                                                     1, &error) == VECQ_OK;
        const bool linked = staged && link_all(100, threads);
        return settle() == VECQ_OK && linked;
    }
    vecq_status remove(const Ids& ids) {
        const vecq_status removed = vecq_index_remove(own, ids.data(), ids.size(), &error);
        return removed == VECQ_OK ? repair(own, &error) : removed;
    }
    bool holds(int64_t id) const {
        uint8_t held = 2;
        return vecq_index_contains(own, &id, 1, &held, nullptr) == VECQ_OK && held == 1;
    }
    // Settles an addition and repairs the graph.
    vecq_status settle() {
        const vecq_status settled = vecq_index_settle(own, &error);
        return settled == VECQ_OK ? repair(own, &error) : settled;
    }

    size_t size() const {
        size_t size = 0;
        vecq_index_size(own, &size, nullptr);
        return size;
    }
    vecq_index_stats stats() const {
        auto stats = sized<vecq_index_stats>();
        vecq_index_get_stats(own, &stats, nullptr);
        return stats;
    }
    Found search(const Vector& queries, const vecq_search_options& options) const {
        const size_t count = queries.size() / dim_;
        Found found{VECQ_OK, Ids(count * options.k, -7), Vector(count * options.k), Ids(count)};
        found.status =
            vecq_index_search(own, &options, queries.data(), count, found.ids.data(),
                              found.scores.data(), found.counts.data(), nullptr, nullptr);
        return found;
    }

    size_t done = 0, total = 0;

private:
    size_t dim_;
};

// Whether `found` holds the best `k` rows of each query, in any order among equal scores. `exact`
// holds the scores of all rows, whose ids are their numbers.
inline bool finds_the_best(const Found& found, size_t k, const Vector& exact, size_t rows) {
    const size_t kept = std::min(k, rows);
    bool is_right = found.status == VECQ_OK;
    for (size_t q = 0; q < found.counts.size(); ++q) {
        const float *all = exact.data() + q * rows, *scores = found.scores.data() + q * k;
        Ids ids(found.ids.begin() + static_cast<ptrdiff_t>(q * k),
                found.ids.begin() + static_cast<ptrdiff_t>(q * k + kept));
        for (size_t i = 0; i < kept; ++i)
            is_right = is_right && ids[i] >= 0 && static_cast<size_t>(ids[i]) < rows &&
                       same_bits(all + ids[i], scores + i, 1);
        std::sort(ids.begin(), ids.end());
        is_right = is_right && std::adjacent_find(ids.begin(), ids.end()) == ids.end();
        Vector best(all, all + rows);
        std::sort(best.rbegin(), best.rend());
        is_right = is_right && same_bits(best.data(), scores, kept);
        is_right = is_right && static_cast<size_t>(found.counts[q]) == kept;
        for (size_t i = kept; i < k; ++i) is_right = is_right && found.ids[q * k + i] == -1;
    }
    return is_right;
}

}  // namespace indexes
