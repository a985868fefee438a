#include "index/scanner.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace vecq {
namespace {

constexpr float kLowest = -std::numeric_limits<float>::infinity();

// Fewer rows than this need no sample.
constexpr size_t kWorthSampling = 8192;
constexpr size_t kMostSampled = 8192;

// How many of a sample are better than what the best `width` of all rows will be, hardly ever fewer.
size_t rank_in_sample(size_t width, size_t rows, size_t sampled) {
    const double expected = static_cast<double>(width) * sampled / rows;
    return static_cast<size_t>(std::ceil(expected + 3 * std::sqrt(expected) + 2));
}

}  // namespace

void Scanner::begin(std::span<const EncodedQuery> queries, size_t codes_in_row, size_t width,
                    const Gate* gates) {
    queries_ = queries;
    width_ = width;
    gates_ = gates;
    if (best_.size() < queries.size()) best_.resize(queries.size());
    if (!by_rows()) pack(queries, codes_in_row);
}

// A score is scale * (a * dot + c * bias / scale) + offset; only what differs between rows counts.
void Scanner::pack(std::span<const EncodedQuery> queries, size_t codes_in_row) {
    const size_t blocks = (queries.size() + kBlockQueries - 1) / kBlockQueries;
    block_bytes_ = kernels_.packed_bytes(codes_in_row);
    if (packed_.bytes() < blocks * block_bytes_) packed_ = Memory(blocks * block_bytes_);
    if (dots_.bytes() == 0) dots_ = Memory(kChunkRows * kBlockQueries * sizeof(int32_t));
    sums_.assign(blocks * kBlockQueries, 0);
    biases_.assign(blocks * kBlockQueries, 0);
    for (size_t block = 0; block < blocks; ++block) {
        Query digits[kBlockQueries];
        const size_t first = block * kBlockQueries;
        const size_t count = std::min(kBlockQueries, queries.size() - first);
        for (size_t q = 0; q < count; ++q) {
            const EncodedQuery& query = queries[first + q];
            digits[q] = query.digits[0];
            sums_[first + q] = query.digits[0].sum;
            biases_[first + q] = query.scale > 0 ? query.bias / query.scale : query.bias;
        }
        kernels_.pack_block(digits, count, codes_in_row,
                            packed_.as<std::byte>() + block * block_bytes_);
    }
}

void Scanner::scan(const ScoredRows& scored, const RowList& list) {
    const std::vector<float> bounds = bounds_of_sample(scored, list);
    for (size_t q = 0; q < queries_.size(); ++q) best_[q].begin(width_, bounds[q]);
    scan_all(scored, list);
    for (size_t q = 0; q < queries_.size(); ++q) {
        if (bounds[q] == kLowest || best_[q].size() == width_) continue;
        best_[q].begin(width_);
        scan_one(scored, list, q);
    }
}

std::vector<float> Scanner::bounds_of_sample(const ScoredRows& scored, const RowList& list) {
    std::vector<float> bounds(queries_.size(), kLowest);
    const size_t sampled = std::min(list.size() / 16, kMostSampled);
    const size_t rank = rank_in_sample(width_, list.size(), sampled);
    if (list.size() < kWorthSampling || rank > sampled / 2) return bounds;
    std::vector<uint32_t> sample(sampled);
    for (size_t i = 0; i < sampled; ++i) sample[i] = list[i * list.size() / sampled];
    for (size_t q = 0; q < queries_.size(); ++q) best_[q].begin(rank);
    scan_all(scored, {sample, 0, 0});
    for (size_t q = 0; q < queries_.size(); ++q) {
        const std::span<const Key> found = best_[q].finish();
        if (found.size() == rank) bounds[q] = score_of(found.back());
    }
    return bounds;
}

void Scanner::scan_all(const ScoredRows& scored, const RowList& list) {
    if (!by_rows()) return scan_blocks(scored, list);
    for (size_t q = 0; q < queries_.size(); ++q) scan_one(scored, list, q);
}

void Scanner::scan_one(const ScoredRows& scored, const RowList& list, size_t query) {
    for (size_t first = 0; first < list.size(); first += kChunkRows) {
        const size_t count = std::min(kChunkRows, list.size() - first);
        for (size_t i = 0; i < count; ++i) numbers_[i] = list[first + i];
        kernels_.scan_rows({scored,
                            queries_[query],
                            {numbers_, count},
                            gates_ == nullptr ? nullptr : gates_ + query,
                            &best_[query]});
    }
}

// Rows as the kernel wants them, one behind the other; sets their numbers.
Scanner::Chunk Scanner::chunk_of(const ScoredRows& scored, const RowList& list) {
    const size_t count = list.size(), bytes = scored.rows.row_bytes;
    for (size_t i = 0; i < count; ++i) numbers_[i] = list[i];
    if (list.rows.empty())
        return {{scored.rows.at(list.first), bytes, count}, scored.affine + list.first};
    if (gathered_.bytes() < kChunkRows * bytes) gathered_ = Memory(kChunkRows * bytes);
    auto* to = gathered_.as<std::byte>();
    for (size_t i = 0; i < count; ++i) {
        std::memcpy(to + i * bytes, scored.rows.at(numbers_[i]), bytes);
        affine_[i] = scored.affine[numbers_[i]];
    }
    return {{to, bytes, count}, affine_};
}

void Scanner::scan_blocks(const ScoredRows& scored, const RowList& list) {
    for (size_t first = 0; first < list.size(); first += kChunkRows) {
        const RowList part = list.part(first, std::min(list.size(), first + kChunkRows));
        const Chunk chunk = chunk_of(scored, part);
        for (size_t q = 0; q < queries_.size(); q += kBlockQueries) {
            const size_t block = q / kBlockQueries;
            const std::byte* codes = packed_.as<std::byte>() + block * block_bytes_;
            kernels_.dot_block({codes, &sums_[q]}, chunk.rows, dots_.as<void>());
            kernels_.sift(
                {.dots = dots_.as<void>(),
                 .rows = part.size(),
                 .affine = chunk.affine,
                 .numbers = numbers_,
                 .biases = &biases_[q],
                 .best = std::span(best_).subspan(q, std::min(kBlockQueries, queries_.size() - q)),
                 .gates = gates_ == nullptr ? nullptr : gates_ + q});
        }
    }
}

}  // namespace vecq
