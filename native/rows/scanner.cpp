#include "rows/scanner.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace vecq {
namespace {

constexpr float kLowest = -std::numeric_limits<float>::infinity();

// Fewer rows than this need no sample.
constexpr size_t kWorthSampling = 8192;
// A sample is a sixteenth of all, less of long rows, and less if that would be more than this.
constexpr int kSampleBits = 4;
constexpr size_t kLongRow = 512;
constexpr size_t kMostSampled = 16384;
// Of so many rows of a sample only the best score is looked at, if that leaves so many for each
// that is wanted: hardly ever are two of these among the same rows.
constexpr size_t kMostPerPeak = 16, kPeaksPerRank = 4;

// How many of a sample are better than what the best `width` of all rows will be, hardly ever
// fewer.
size_t rank_in_sample(size_t width, size_t rows, size_t sampled) {
    const double expected = static_cast<double>(width) * sampled / rows;
    return static_cast<size_t>(std::ceil(expected + 3 * std::sqrt(expected) + 2));
}

// A query whose scores rank rows without what all rows share: the offset, which would round small
// differences away, and the scale where nothing is added to the dot.
EncodedQuery ranked(EncodedQuery query) {
    query.offset = 0;
    if (query.bias == 0) query.scale = 1;
    return query;
}

BlockTerms terms_of(std::span<const EncodedQuery> queries) {
    const auto all_have = [&](float bias) {
        return std::all_of(queries.begin(), queries.end(),
                           [&](const EncodedQuery& query) { return query.bias == bias; });
    };
    if (all_have(0)) return BlockTerms::dots;
    return all_have(1) ? BlockTerms::unit_biases : BlockTerms::any;
}

}  // namespace

void Scanner::begin(std::span<const EncodedQuery> queries, size_t dim, size_t width,
                    const RowFilter* filters) {
    queries_.resize(queries.size());
    std::transform(queries.begin(), queries.end(), queries_.begin(), ranked);
    dim_ = dim;
    width_ = width;
    filters_ = filters;
    if (best_.size() < queries.size()) best_.resize(queries.size());
    if (!by_rows()) pack();
}

void Scanner::pack() {
    const size_t blocks = (queries_.size() + kBlockQueries - 1) / kBlockQueries;
    block_bytes_ = kernels_.packed_bytes(dim_);
    if (packed_.bytes() < blocks * block_bytes_) packed_ = Memory(blocks * block_bytes_);
    if (dots_.bytes() == 0) dots_ = Memory(kChunkRows * kBlockQueries * sizeof(int32_t));
    sums_.assign(blocks * kBlockQueries, 0);
    scales_.assign(blocks * kBlockQueries, 0);
    biases_.assign(blocks * kBlockQueries, 0);
    terms_.resize(blocks);
    for (size_t block = 0; block < blocks; ++block) {
        Query parts[kBlockQueries];
        const size_t first = block * kBlockQueries;
        const size_t count = std::min(kBlockQueries, queries_.size() - first);
        for (size_t q = 0; q < count; ++q) {
            const EncodedQuery& query = queries_[first + q];
            parts[q] = query.parts[0];
            sums_[first + q] = query.parts[0].sum;
            scales_[first + q] = query.scale;
            biases_[first + q] = query.bias;
        }
        terms_[block] = terms_of(std::span(queries_).subspan(first, count));
        kernels_.pack_block(parts, count, dim_, packed_.as<std::byte>() + block * block_bytes_);
    }
}

void Scanner::extend(const ScoredRows& scored, const RowList& list) { scan_all(scored, list); }

void Scanner::scan(const ScoredRows& scored, const RowList& list) {
    const std::vector<float> bounds = bounds_of_sample(scored, list);
    for (size_t q = 0; q < queries_.size(); ++q) best_[q].begin(width_, bounds[q]);
    scan_all(scored, list);
    for (size_t q = 0; q < queries_.size(); ++q)
        if (!is_settled(q, bounds[q])) scan_again(scored, list, q);
}

// Not if the bound was too high.
bool Scanner::is_settled(size_t query, float bound) const {
    return bound == kLowest || best_[query].size() >= width_;
}

// One row at a time, for which the filter must have its set.
void Scanner::scan_again(const ScoredRows& scored, const RowList& list, size_t query) {
    RowFilter filter = filters_ == nullptr ? RowFilter{} : filters_[query];
    RowSet excluded;
    if (filter.excluded == nullptr) {
        excluded.assign(filter.excluded_rows);
        filter.excluded = &excluded;
    }
    best_[query].begin(width_);
    scan_one(scored, list, query, &filter);
}

std::vector<float> Scanner::bounds_of_sample(const ScoredRows& scored, const RowList& list) {
    std::vector<float> none(queries_.size(), kLowest);
    if (by_rows() || list.count < kWorthSampling) return none;
    const int bits = std::max<int>(kSampleBits + (scored.rows.row_bytes > kLongRow),
                                   std::bit_width(list.count / kMostSampled));
    const RowList sample = list.sample(bits);
    const size_t rank = rank_in_sample(width_, list.count, sample.count);
    size_t per_peak = kMostPerPeak;
    while (per_peak > 1 && sample.count / per_peak < kPeaksPerRank * rank) per_peak /= 2;
    const size_t peaks = (sample.count + per_peak - 1) / per_peak;
    if (rank > peaks / 2) return none;
    const size_t blocks = (queries_.size() + kBlockQueries - 1) / kBlockQueries;
    peaks_.resize(std::max(peaks_.size(), blocks * peaks * kBlockQueries));
    each_block(scored, sample, [&](const BlockDots& dots, size_t row, size_t block) {
        float* to = &peaks_[(block * peaks + row / per_peak) * kBlockQueries];
        kernels_.peaks({dots, per_peak, to});
    });
    return bounds_of_peaks(peaks, rank);
}

// The score of the best peak but `rank` - 1.
std::vector<float> Scanner::bounds_of_peaks(size_t peaks, size_t rank) const {
    std::vector<float> bounds(queries_.size()), falling(peaks);
    for (size_t q = 0; q < queries_.size(); ++q) {
        const float* from = &peaks_[q / kBlockQueries * peaks * kBlockQueries + q % kBlockQueries];
        for (size_t i = 0; i < peaks; ++i) falling[i] = -from[i * kBlockQueries];
        keep_least(std::span(falling), rank);
        bounds[q] =
            -*std::max_element(falling.begin(), falling.begin() + static_cast<ptrdiff_t>(rank));
    }
    return bounds;
}

void Scanner::scan_all(const ScoredRows& scored, const RowList& list) {
    if (!by_rows()) return scan_blocks(scored, list);
    for (size_t q = 0; q < queries_.size(); ++q)
        scan_one(scored, list, q, filters_ == nullptr ? nullptr : filters_ + q);
}

void Scanner::scan_one(const ScoredRows& scored, const RowList& list, size_t query,
                       const RowFilter* filter) {
    for (size_t first = 0; first < list.count; first += kChunkRows) {
        const size_t count = std::min(kChunkRows, list.count - first);
        for (size_t i = 0; i < count; ++i) numbers_[i] = list[first + i];
        kernels_.scan_rows({scored, queries_[query], {numbers_, count}, filter, &best_[query]});
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

// What is listed is allowed.
void Scanner::hide(const RowList& stretch) {
    if (filters_ == nullptr) return;
    const bool excludes =
        std::any_of(filters_, filters_ + queries_.size(),
                    [](const RowFilter& filter) { return !filter.excluded_rows.empty(); });
    hidden_stride_ = excludes ? stretch.count + kOutside : 0;
    const size_t blocks = excludes ? (queries_.size() + kBlockQueries - 1) / kBlockQueries : 1;
    const size_t room = std::max(blocks * hidden_stride_, stretch.count);
    if (hidden_.size() < room) hidden_.resize(room);
    hide_held_back(stretch, hidden_.data());
    // A block at a time, so that its bits are set while they are in a cache.
    for (size_t block = blocks; excludes && block-- > 0;) {
        uint32_t* hidden = &hidden_[block * hidden_stride_];
        if (block > 0) std::copy_n(hidden_.data(), stretch.count, hidden);
        hide_excluded(stretch, block * kBlockQueries, hidden);
    }
}

// By the filter, which is the same for all.
void Scanner::hide_held_back(const RowList& stretch, uint32_t* hidden) const {
    if (filters_->allowed == nullptr || stretch.listed()) {
        std::fill_n(hidden, stretch.count, 0);
        return;
    }
    for (size_t i = 0; i < stretch.count; ++i)
        hidden[i] = filters_->allows(stretch[i]) ? 0 : ~uint32_t{0};
}

// From the queries of a block, from number `first` on.
void Scanner::hide_excluded(const RowList& stretch, size_t first, uint32_t* hidden) const {
    const size_t last = std::min(queries_.size(), first + kBlockQueries);
    for (size_t q = first; q < last; ++q)
        for (const uint32_t row : filters_[q].excluded_rows) {
            const size_t place = stretch.place_of(row);
            hidden[place < stretch.count ? place : stretch.count + row % kOutside] |=
                1U << (q - first);
        }
}

// body(dots, row, block) for the dots of each block of queries with so many rows from `row` on.
template <class Body>
void Scanner::each_block(const ScoredRows& scored, const RowList& list, Body&& body) {
    for (size_t row = 0; row < list.count; row += kChunkRows) {
        const size_t start = row % kStretchRows;
        if (start == 0) hide(list.part(row, std::min(list.count, row + kStretchRows)));
        const RowList part = list.part(row, std::min(list.count, row + kChunkRows));
        const Chunk chunk = chunk_of(scored, part);
        for (size_t q = 0; q < queries_.size(); q += kBlockQueries) {
            const size_t block = q / kBlockQueries;
            const std::byte* codes = packed_.as<std::byte>() + block * block_bytes_;
            const uint32_t* hidden =
                filters_ == nullptr ? nullptr : &hidden_[block * hidden_stride_ + start];
            kernels_.dot_block({codes, &sums_[q], dim_}, chunk.rows, dots_.as<void>());
            body(BlockDots{dots_.as<void>(), part.count, chunk.affine, &scales_[q], &biases_[q],
                           terms_[block], hidden},
                 row, block);
        }
    }
}

void Scanner::scan_blocks(const ScoredRows& scored, const RowList& list) {
    each_block(scored, list, [&](const BlockDots& dots, size_t, size_t block) {
        const size_t first = block * kBlockQueries;
        const size_t count = std::min(kBlockQueries, queries_.size() - first);
        kernels_.sift({dots, numbers_, std::span(best_).subspan(first, count)});
    });
}

}  // namespace vecq
