#include "index/scanner.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

namespace vecq {
namespace {

constexpr float kLowest = -std::numeric_limits<float>::infinity();
// What scores become that overflow.
constexpr float kOverflown = -std::numeric_limits<float>::max();

// Fewer rows than this need no sample.
constexpr size_t kWorthSampling = 8192;
// A sample is a sixteenth of all, or less if that would be more than this.
constexpr int kSampleBits = 4;
constexpr size_t kMostSampled = 16384;

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
            biases_[first + q] = query.bias == 0 ? 0 : query.bias / query.scale;
        }
        kernels_.pack_block(digits, count, codes_in_row,
                            packed_.as<std::byte>() + block * block_bytes_);
    }
}

void Scanner::scan(const ScoredRows& scored, const RowList& list) {
    const std::vector<float> bounds = bounds_of_sample(scored, list);
    for (size_t q = 0; q < queries_.size(); ++q) best_[q].begin(width_, bounds[q]);
    scan_all(scored, list);
    for (size_t q = 0; q < queries_.size(); ++q)
        if (!is_settled(q, bounds[q])) scan_again(scored, list, q);
}

// Not if the bound was too high. Nor if the query is tiny beside the rows, so that the scores of a block,
// which are so many times its scale, overflowed and are all alike.
bool Scanner::is_settled(size_t query, float bound) const {
    const Best& best = best_[query];
    if (bound > kLowest && best.size() < width_) return false;
    return by_rows() || best.bound() > kOverflown || best.least() > kOverflown;
}

// One row at a time, for which the gate must have its set.
void Scanner::scan_again(const ScoredRows& scored, const RowList& list, size_t query) {
    Gate gate = gates_ == nullptr ? Gate{} : gates_[query];
    RowSet excluded;
    if (gate.excluded == nullptr) {
        excluded.assign(gate.excluded_rows);
        gate.excluded = &excluded;
    }
    best_[query].begin(width_);
    scan_one(scored, list, query, &gate);
}

std::vector<float> Scanner::bounds_of_sample(const ScoredRows& scored, const RowList& list) {
    std::vector<float> bounds(queries_.size(), kLowest);
    if (list.count < kWorthSampling) return bounds;
    const int bits = std::max<int>(kSampleBits, std::bit_width(list.count / kMostSampled));
    const RowList sample = list.sample(bits);
    const size_t rank = rank_in_sample(width_, list.count, sample.count);
    if (rank > sample.count / 2) return bounds;
    for (size_t q = 0; q < queries_.size(); ++q) best_[q].begin(rank);
    scan_all(scored, sample);
    for (size_t q = 0; q < queries_.size(); ++q) {
        const std::span<const Key> found = best_[q].finish();
        if (found.size() == rank)
            bounds[q] = score_of(*std::max_element(found.begin(), found.end()));
    }
    return bounds;
}

void Scanner::scan_all(const ScoredRows& scored, const RowList& list) {
    if (!by_rows()) return scan_blocks(scored, list);
    for (size_t q = 0; q < queries_.size(); ++q)
        scan_one(scored, list, q, gates_ == nullptr ? nullptr : gates_ + q);
}

void Scanner::scan_one(const ScoredRows& scored, const RowList& list, size_t query,
                       const Gate* gate) {
    for (size_t first = 0; first < list.count; first += kChunkRows) {
        const size_t count = std::min(kChunkRows, list.count - first);
        for (size_t i = 0; i < count; ++i) numbers_[i] = list[first + i];
        kernels_.scan_rows({scored, queries_[query], {numbers_, count}, gate, &best_[query]});
    }
}

// Rows as the kernel wants them, one behind the other; sets their numbers.
Scanner::Chunk Scanner::chunk_of(const ScoredRows& scored, const RowList& list) {
    const size_t count = list.count, bytes = scored.rows.row_bytes;
    for (size_t i = 0; i < count; ++i) numbers_[i] = list[i];
    if (list.together())
        return {{scored.rows.at(list.first), bytes, count}, scored.affine + list.first};
    if (gathered_.bytes() < kChunkRows * bytes) gathered_ = Memory(kChunkRows * bytes);
    auto* to = gathered_.as<std::byte>();
    for (size_t i = 0; i < count; ++i) {
        std::memcpy(to + i * bytes, scored.rows.at(numbers_[i]), bytes);
        affine_[i] = scored.affine[numbers_[i]];
    }
    return {{to, bytes, count}, affine_};
}

// Brings what is excluded into the order in which it is met.
void Scanner::hide(const RowList& list) {
    hidden_starts_.clear();
    if (gates_ == nullptr || list.listed()) return;
    chunks_ = (list.count + kChunkRows - 1) / kChunkRows;
    const size_t blocks = (queries_.size() + kBlockQueries - 1) / kBlockQueries;
    hidden_starts_.assign(blocks * chunks_ + 1, 0);
    const auto each = [&](auto&& body) {
        for (size_t q = 0; q < queries_.size(); ++q)
            for (const uint32_t row : gates_[q].excluded_rows) {
                const size_t place = list.place_of(row);
                if (place < list.count)
                    body(q / kBlockQueries * chunks_ + place / kChunkRows, place % kChunkRows,
                         q % kBlockQueries);
            }
    };
    each([&](size_t at, size_t, size_t) { ++hidden_starts_[at]; });
    uint32_t sum = 0;
    for (uint32_t& start : hidden_starts_) sum += std::exchange(start, sum);
    hidden_.resize(sum);
    each([&](size_t at, size_t row, size_t query) {
        hidden_[hidden_starts_[at]++] = {static_cast<uint8_t>(row), static_cast<uint8_t>(query)};
    });
    // Each start has become the next one's.
    std::copy_backward(hidden_starts_.begin(), hidden_starts_.end() - 1, hidden_starts_.end());
    hidden_starts_.front() = 0;
}

const uint32_t* Scanner::hidden_in(size_t chunk, size_t block) {
    if (hidden_starts_.empty()) return nullptr;
    const uint32_t* starts = &hidden_starts_[block * chunks_ + chunk];
    if (starts[0] == starts[1]) return nullptr;
    std::fill_n(hidden_rows_, kChunkRows, 0);
    for (uint32_t i = starts[0]; i < starts[1]; ++i)
        hidden_rows_[hidden_[i].row] |= 1U << hidden_[i].query;
    return hidden_rows_;
}

void Scanner::scan_blocks(const ScoredRows& scored, const RowList& list) {
    hide(list);
    for (size_t first = 0; first < list.count; first += kChunkRows) {
        const RowList part = list.part(first, std::min(list.count, first + kChunkRows));
        const Chunk chunk = chunk_of(scored, part);
        for (size_t q = 0; q < queries_.size(); q += kBlockQueries) {
            const size_t block = q / kBlockQueries;
            const std::byte* codes = packed_.as<std::byte>() + block * block_bytes_;
            kernels_.dot_block({codes, &sums_[q]}, chunk.rows, dots_.as<void>());
            kernels_.sift(
                {.dots = dots_.as<void>(),
                 .rows = part.count,
                 .affine = chunk.affine,
                 .numbers = numbers_,
                 .biases = &biases_[q],
                 .best = std::span(best_).subspan(q, std::min(kBlockQueries, queries_.size() - q)),
                 .gates = gates_ == nullptr ? nullptr : gates_ + q,
                 .hidden = hidden_in(first / kChunkRows, block)});
        }
    }
}

}  // namespace vecq
