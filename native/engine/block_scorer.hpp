// Scores of a few queries with many rows, from the block kernels of the active engine.
#pragma once

#include <vector>

#include "base/memory.hpp"
#include "base/vectors.hpp"
#include "engine/block_product.hpp"
#include "quant/query.hpp"
#include "quant/rows.hpp"

namespace vecq {

// Scores at most queries_at_once() queries per block. Not thread-safe.
class BlockScorer {
public:
    BlockScorer(const Codec& codec, Metric metric, int query_bits)
        : coder_(codec, metric, query_bits),
          kernels_(active_engine()[codec.width()]),
          floating_(codec.levels() == 0),
          has_planes_(planes_of(codec.width()) > 2),
          codes_(kBlockQueries / coder_.part_count() * coder_.bytes()),
          product_(codec.width(), codec.dim()) {}

    size_t queries_at_once() const { return kBlockQueries / coder_.part_count(); }

    // Replaces the queries. A block holds the high bytes of all queries, then the low bytes, so
    // that adjacent dots belong to adjacent queries.
    void encode(const float* queries, size_t dim, size_t first, size_t count) {
        Query parts[kBlockQueries] = {};
        count_ = count;
        queries_.clear();
        for (size_t q = 0; q < count; ++q) {
            const EncodedQuery query = coder_.encode(queries + (first + q) * dim, first + q,
                                                     codes_.as<std::byte>() + q * coder_.bytes());
            queries_.push_back(query);
            scale_[q] = query.scale;
            bias_[q] = query.bias;
            offset_[q] = query.offset;
            for (size_t d = 0; d < coder_.part_count(); ++d) parts[d * count + q] = query.parts[d];
        }
        product_.pack(parts, count * coder_.part_count());
    }

    // Writes scores[q * stride + r] for the encoded queries and at most kRowsAtOnce rows.
    void score(const Rows& rows, const Affine* affine, float* scores, size_t stride) const {
        if (has_planes_) return score_all_planes({rows, product_.dim(), affine}, scores, stride);
        const void* dots = product_.score(rows);
        for (size_t first = 0; first < rows.count; first += kChunk) {
            const size_t chunk = std::min(kChunk, rows.count - first);
            float tile[kChunk][kBlockQueries];
            for (size_t r = 0; r < chunk; ++r)
                score_row(dots, first + r, affine[first + r], tile[r]);
            for (size_t q = 0; q < count_; ++q)
                for (size_t r = 0; r < chunk; ++r) scores[q * stride + first + r] = tile[r][q];
        }
    }

private:
    // The block kernel leaves the lowest plane out.
    void score_all_planes(const ScoredRows& scored, float* scores, size_t stride) const {
        uint32_t ids[kRowsAtOnce];
        for (uint32_t i = 0; i < scored.rows.count; ++i) ids[i] = i;
        for (size_t q = 0; q < count_; ++q)
            kernels_.score(queries_[q], scored, {ids, scored.rows.count}, scores + q * stride);
    }

    void score_row(const void* dots, size_t row, const Affine& affine, float* scores) const {
        const auto* integers = static_cast<const int32_t*>(dots) + row * kBlockQueries;
        const auto* floats = static_cast<const float*>(dots) + row * kBlockQueries;
        for (size_t i = 0; i < kBlockQueries; ++i)
            scores[i] = floating_ ? floats[i] : static_cast<float>(integers[i]);
        if (coder_.part_count() == 2)
            for (size_t q = 0; q < count_; ++q)
                scores[q] = kHighPartWeight * scores[q] + scores[count_ + q];
        for (size_t q = 0; q < count_; ++q)
            scores[q] = affine.a * (scale_[q] * scores[q]) + (bias_[q] * affine.c + offset_[q]);
    }

    QueryCoder coder_;
    const Kernels& kernels_;
    bool floating_, has_planes_;
    Memory codes_;
    BlockProduct product_;
    size_t count_ = 0;  // number of encoded queries
    std::vector<EncodedQuery> queries_;
    float scale_[kBlockQueries] = {}, bias_[kBlockQueries] = {}, offset_[kBlockQueries] = {};
};

}  // namespace vecq
