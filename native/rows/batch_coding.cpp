// Splits matrices into ranges of vectors, one coder or scorer per worker.
#include "rows/batch_coding.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "base/pool.hpp"
#include "base/status.hpp"
#include "engine/block_scorer.hpp"

namespace vecq {
namespace {

// Vectors per task: enough to amortize scheduling, few enough for an even load.
constexpr size_t kVectorsPerTask = 1024;

// Calls body(coder, from, to) for ranges of `count` vectors. Each worker has its own coder.
template <class Coder, class Body>
void for_ranges(const Codec& codec, size_t count, size_t threads, std::vector<Coder>& coders,
                Body&& body) {
    const size_t tasks = (count + kVectorsPerTask - 1) / kVectorsPerTask;
    const size_t workers = workers_for(threads, tasks);
    for (size_t i = 0; i < workers; ++i) coders.emplace_back(codec);
    parallel_for(workers, tasks, [&](size_t task, size_t worker) {
        const size_t from = task * kVectorsPerTask;
        body(coders[worker], from, std::min(count, from + kVectorsPerTask));
    });
}

}  // namespace

Affine finite_affine(Metric metric, const RowConstants& constants, const char* argument,
                     size_t row) {
    const Affine affine = affine_of(metric, constants);
    if (!std::isfinite(affine.a) || !std::isfinite(affine.c))
        refuse(argument, std::string(argument) + " has a squared norm beyond float32 in row " +
                             std::to_string(row) + ", scale the data down");
    return affine;
}

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

void find_plane_factors(const Codec& codec, const CodedRows& rows, size_t threads,
                        PlaneFactors* factors) {
    std::vector<RowCoder> coders;
    for_ranges(codec, rows.count, threads, coders, [&](RowCoder& coder, size_t from, size_t to) {
        for (size_t i = from; i < to; ++i)
            factors[i] = coder.plane_factors(rows.data + i * codec.row_bytes());
    });
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
    std::vector<Affine> affine(rows.count);
    for (size_t r = 0; r < rows.count; ++r)
        affine[r] = finite_affine(metric, rows.constants[r], "codes", r);
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
