// Scores of a few queries with many rows, by the engine's blocks.
#pragma once

#include "base/memory.hpp"
#include "base/vectors.hpp"
#include "engine/engine.hpp"
#include "quant/query.hpp"
#include "quant/rows.hpp"

namespace vecq {

// Rows scored per call of a kernel, so that their dots stay in cache.
inline constexpr size_t kRowsAtOnce = 256;

// Scores as many queries at a time as fit one block of the engine.
class BlockScorer {
public:
    BlockScorer(const Codec& codec, Metric metric, int query_bits)
        : kernels_(active_engine()[codec.width()]),
          coder_(codec, metric, query_bits),
          floating_(codec.levels() == 0),
          codes_(kBlockQueries / coder_.digit_count() * coder_.bytes()),
          packed_(kernels_.packed_bytes(codec.dim())),
          dots_(kRowsAtOnce * kBlockQueries * sizeof(int32_t)) {}

    size_t queries_at_once() const { return kBlockQueries / coder_.digit_count(); }

    // Upper digits come first, then lower ones: neighbouring dots belong to neighbouring queries.
    void encode(const float* queries, size_t dim, size_t first, size_t count) {
        Query digits[kBlockQueries] = {};
        count_ = count;
        for (size_t q = 0; q < count; ++q) {
            const EncodedQuery query = coder_.encode(queries + (first + q) * dim, first + q,
                                                     codes_.as<std::byte>() + q * coder_.bytes());
            scale_[q] = query.scale;
            bias_[q] = query.bias;
            offset_[q] = query.offset;
            for (size_t d = 0; d < coder_.digit_count(); ++d) {
                digits[d * count + q] = query.digits[d];
                sums_[d * count + q] = query.digits[d].sum;
            }
        }
        kernels_.pack_block(digits, count * coder_.digit_count(), coder_.dim(), packed_.as<void>());
    }

    // scores[q * stride + r] for the encoded queries.
    void score(const Rows& rows, const Affine* affine, float* scores, size_t stride) const {
        kernels_.dot_block({packed_.as<void>(), sums_, coder_.dim()}, rows, dots_.as<void>());
        for (size_t first = 0; first < rows.count; first += kChunk) {
            const size_t now = std::min(kChunk, rows.count - first);
            float tile[kChunk][kBlockQueries];
            for (size_t r = 0; r < now; ++r) score_row(first + r, affine[first + r], tile[r]);
            for (size_t q = 0; q < count_; ++q)
                for (size_t r = 0; r < now; ++r) scores[q * stride + first + r] = tile[r][q];
        }
    }

private:
    void score_row(size_t row, const Affine& affine, float* scores) const {
        const auto* whole = dots_.as<int32_t>() + row * kBlockQueries;
        const auto* floats = dots_.as<float>() + row * kBlockQueries;
        for (size_t i = 0; i < kBlockQueries; ++i)
            scores[i] = floating_ ? floats[i] : static_cast<float>(whole[i]);
        if (coder_.digit_count() == 2)
            for (size_t q = 0; q < count_; ++q)
                scores[q] = kDigitBase * scores[q] + scores[count_ + q];
        for (size_t q = 0; q < count_; ++q)
            scores[q] = affine.a * (scale_[q] * scores[q]) + (bias_[q] * affine.c + offset_[q]);
    }

    const Kernels& kernels_;
    QueryCoder coder_;
    bool floating_;
    Memory codes_, packed_, dots_;
    size_t count_ = 0;  // of encoded queries
    float scale_[kBlockQueries] = {}, bias_[kBlockQueries] = {}, offset_[kBlockQueries] = {};
    int32_t sums_[kBlockQueries] = {};
};

}  // namespace vecq
