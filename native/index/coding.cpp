#include "index/coding.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "base/pool.hpp"
#include "base/status.hpp"
#include "base/vectors.hpp"
#include "engine/engine.hpp"

namespace vecq {
namespace {

// Vectors per task: enough to pay for handing it out, few enough to share evenly.
constexpr size_t kVectorsAtOnce = 1024;
// Rows scored per call of a kernel, so that their dots stay in cache.
constexpr size_t kRowsAtOnce = 256;

// Calls body(coder, from, to) for ranges of `count`, each worker with a coder of its own.
template <class Coder, class Body>
void for_ranges(const Codec& codec, size_t count, size_t threads, std::vector<Coder>& coders,
                Body&& body) {
    const size_t tasks = (count + kVectorsAtOnce - 1) / kVectorsAtOnce;
    const size_t workers = workers_for(threads, tasks);
    for (size_t i = 0; i < workers; ++i) coders.emplace_back(codec);
    parallel_for(workers, tasks, [&](size_t task, size_t worker) {
        const size_t from = task * kVectorsAtOnce;
        body(coders[worker], from, std::min(count, from + kVectorsAtOnce));
    });
}

std::vector<Affine> affines(Metric metric, const CodedRows& rows) {
    std::vector<Affine> all(rows.count);
    for (size_t r = 0; r < rows.count; ++r) {
        all[r] = affine_of(metric, rows.constants[r]);
        if (!std::isfinite(all[r].a) || !std::isfinite(all[r].c))
            refuse("codes", "codes has a squared norm beyond float32 in row " + std::to_string(r) +
                                ", scale the data down");
    }
    return all;
}

// Scores as many queries at a time as fit one block of the engine.
class BlockScorer {
public:
    BlockScorer(const Codec& codec, Metric metric, int query_bits)
        : kernels_(active_engine()[codec.width()]),
          coder_(codec, metric, query_bits),
          codes_in_row_(padded_codes(codec.width(), codec.dim())),
          floating_(codec.levels() == 0),
          codes_(kBlockQueries / coder_.digit_count() * coder_.bytes()),
          packed_(kernels_.packed_bytes(codes_in_row_)),
          dots_(kRowsAtOnce * kBlockQueries * sizeof(int32_t)) {}

    size_t queries_at_once() const { return kBlockQueries / coder_.digit_count(); }

    // Upper digits come first, then lower ones: neighbouring dots belong to neighbouring queries.
    void encode(const float* queries, size_t dim, size_t first, size_t count) {
        Query digits[kBlockQueries];
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
        kernels_.pack_block(digits, count * coder_.digit_count(), codes_in_row_,
                            packed_.as<void>());
    }

    // scores[q * stride + r] for the encoded queries.
    void score(const Rows& rows, const Affine* affine, float* scores, size_t stride) const {
        kernels_.dot_block({packed_.as<void>(), sums_}, rows, dots_.as<void>());
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
    size_t codes_in_row_;
    bool floating_;
    Memory codes_, packed_, dots_;
    size_t count_ = 0;  // of encoded queries
    float scale_[kBlockQueries] = {}, bias_[kBlockQueries] = {}, offset_[kBlockQueries] = {};
    int32_t sums_[kBlockQueries] = {};
};

}  // namespace

void encode_rows(const Codec& codec, const float* vectors, size_t count, size_t first_row,
                 size_t threads, std::byte* rows, RowConstants* constants, uint64_t* clipped) {
    std::vector<RowCoder> coders;
    for_ranges(codec, count, threads, coders, [&](RowCoder& coder, size_t from, size_t to) {
        for (size_t i = from; i < to; ++i)
            constants[i] = coder.encode(vectors + i * codec.dim(), first_row + i,
                                        rows + i * codec.row_bytes());
    });
    for (const RowCoder& coder : coders)
        for (size_t i = 0; i < codec.dim(); ++i) clipped[i] += coder.clipped()[i];
}

void decode_rows(const Codec& codec, const CodedRows& rows, size_t threads, float* vectors) {
    std::vector<RowCoder> coders;
    for_ranges(codec, rows.count, threads, coders, [&](RowCoder& coder, size_t from, size_t to) {
        for (size_t i = from; i < to; ++i)
            coder.decode(rows.data + i * codec.row_bytes(), rows.constants[i],
                         vectors + i * codec.dim());
    });
}

void score_rows(const Codec& codec, Metric metric, int query_bits, const float* queries,
                size_t query_count, const CodedRows& rows, size_t threads, float* scores) {
    const std::vector<Affine> affine = affines(metric, rows);
    const size_t at_once = BlockScorer(codec, metric, query_bits).queries_at_once();
    const size_t tasks = (query_count + at_once - 1) / at_once;
    const size_t workers = workers_for(threads, tasks);
    std::vector<std::optional<BlockScorer>> scorers(workers);
    parallel_for(workers, tasks, [&](size_t task, size_t worker) {
        if (!scorers[worker]) scorers[worker].emplace(codec, metric, query_bits);
        BlockScorer& scorer = *scorers[worker];
        const size_t first = task * at_once, count = std::min(at_once, query_count - first);
        scorer.encode(queries, codec.dim(), first, count);
        for (size_t r = 0; r < rows.count; r += kRowsAtOnce) {
            const Rows some{rows.data + r * codec.row_bytes(), codec.row_bytes(),
                            std::min(kRowsAtOnce, rows.count - r)};
            scorer.score(some, affine.data() + r, scores + first * rows.count + r, rows.count);
        }
    });
}

}  // namespace vecq
