// Scans rows by blocks of queries: sample bounds, filter bits, block dots, sifting.
#include "rows/scanner.hpp"

#include <algorithm>
#include <bit>

#include "rows/scan_sample.hpp"

namespace vecq {
namespace {

// Smaller scans take no sample.
constexpr size_t kMinSampledScan = 8192;
// A sample of long rows is half as large; samples have at most about kMaxSampled rows.
constexpr size_t kLongRowBytes = 512;
constexpr size_t kMaxSampled = 16384;
// A peak is the best score of up to kMaxPerPeak sampled rows. With kPeaksPerRank peaks per wanted
// rank, two of the best rows rarely share a peak.
constexpr size_t kMaxPerPeak = 16, kPeaksPerRank = 4;

}  // namespace

void Scanner::begin(std::span<const EncodedQuery> queries, size_t dim, size_t width,
                    const RowFilter* filters) {
    queries_.resize(queries.size());
    std::transform(queries.begin(), queries.end(), queries_.begin(), ranking_query);
    dim_ = dim;
    width_ = width;
    filters_ = filters;
    if (best_.size() < queries.size()) best_.resize(queries.size());
    if (!scores_rows_singly()) pack();
}

void Scanner::pack() {
    blocks_.begin(queries_.size(), dim_);
    weighs_biases_ = std::ranges::any_of(queries_, weighs_biases);
    for (size_t block = 0; block < blocks_for(queries_.size()); ++block) {
        const size_t first = block * kBlockQueries;
        const size_t count = std::min(kBlockQueries, queries_.size() - first);
        blocks_.pack(block, std::span(queries_).subspan(first, count));
    }
}

void Scanner::extend(const ScoredRows& scored, const RowList& list) { scan_all(scored, list); }

void Scanner::scan(const ScoredRows& scored, const RowList& list) {
    const std::vector<float> bounds = bounds_of_sample(scored, list);
    for (size_t q = 0; q < queries_.size(); ++q) best_[q].begin(width_, bounds[q]);
    scan_all(scored, list);
    for (size_t q = 0; q < queries_.size(); ++q)
        if (!is_complete(q, bounds[q])) scan_again(scored, list, q);
}

// Whether the scan found `width_` rows. It may not if the bound of the sample was too high.
bool Scanner::is_complete(size_t query, float bound) const {
    return bound == kLowestScore || best_[query].size() >= width_;
}

// Scans for one query without a bound, row by row, which requires a set of the excluded rows.
void Scanner::scan_again(const ScoredRows& scored, const RowList& list, size_t query) {
    RowFilter filter = filters_ == nullptr ? RowFilter{} : filters_[query];
    RowSet excluded;
    if (filter.excluded == nullptr) {
        excluded.assign(filter.excluded_rows);
        filter.excluded = &excluded;
    }
    best_[query].begin(width_);
    scan_singly(scored, list, query, 1, &filter);
}

std::vector<float> Scanner::bounds_of_sample(const ScoredRows& scored, const RowList& list) {
    std::vector<float> none(queries_.size(), kLowestScore);
    if (scores_rows_singly() || list.count < kMinSampledScan) return none;
    const int bits = std::max<int>(kSampleBits + (scored.rows.row_bytes > kLongRowBytes),
                                   std::bit_width(list.count / kMaxSampled));
    const RowList sample = list.sample(bits);
    const size_t rank = rank_in_sample(width_, list.count, sample.count);
    size_t per_peak = kMaxPerPeak;
    while (per_peak > 1 && sample.count / per_peak < kPeaksPerRank * rank) per_peak /= 2;
    const size_t peaks = (sample.count + per_peak - 1) / per_peak;
    if (rank > peaks / 2) return none;
    const size_t blocks = blocks_for(queries_.size());
    peaks_.resize(std::max(peaks_.size(), blocks * peaks * kBlockQueries));
    each_block(scored, sample,
               [&](const BlockDots& dots, const uint32_t*, size_t row, size_t block) {
                   float* to = &peaks_[(block * peaks + row / per_peak) * kBlockQueries];
                   kernels_.peaks({dots, per_peak, to});
               });
    return bounds_of_peaks(peaks, rank);
}

// Returns the score of the `rank`-th best peak of each query.
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
    if (!scores_rows_singly()) return scan_blocks(scored, list);
    scan_singly(scored, list, 0, queries_.size(), filters_);
}

// Scans for `count` queries; `filters` is null or has one filter for each. A chunk of rows stays in
// cache until all queries have scored it.
void Scanner::scan_singly(const ScoredRows& scored, const RowList& list, size_t first_query,
                          size_t count, const RowFilter* filters) {
    for (size_t first = 0; first < list.count; first += kChunkRows) {
        const size_t rows = std::min(kChunkRows, list.count - first);
        for (size_t i = 0; i < rows; ++i) numbers_[i] = list[first + i];
        for (size_t q = 0; q < count; ++q)
            kernels_.scan_rows({scored,
                                queries_[first_query + q],
                                {numbers_, rows},
                                filters == nullptr ? nullptr : filters + q,
                                &best_[first_query + q]});
    }
}

// Computes the hidden bits of a stretch of rows.
void Scanner::hide(const RowList& stretch) {
    if (filters_ == nullptr) return;
    const bool excludes =
        std::any_of(filters_, filters_ + queries_.size(),
                    [](const RowFilter& filter) { return !filter.excluded_rows.empty(); });
    hidden_stride_ = excludes ? stretch.count + kDummySlots : 0;
    const size_t blocks = excludes ? blocks_for(queries_.size()) : 1;
    const size_t words = std::max(blocks * hidden_stride_, stretch.count);
    if (hidden_.size() < words) hidden_.resize(words);
    hide_disallowed(stretch, hidden_.data());
    // Block by block, so that the bits of a block are set while they are in cache.
    for (size_t block = blocks; excludes && block-- > 0;) {
        uint32_t* hidden = &hidden_[block * hidden_stride_];
        if (block > 0) std::copy_n(hidden_.data(), stretch.count, hidden);
        hide_excluded(stretch, block * kBlockQueries, hidden);
    }
}

// Hides rows that the filter of the call rejects, the same for all queries. Listed rows are
// allowed.
void Scanner::hide_disallowed(const RowList& stretch, uint32_t* hidden) const {
    if (filters_->allowed == nullptr || stretch.is_listed()) {
        std::fill_n(hidden, stretch.count, 0);
        return;
    }
    for (size_t i = 0; i < stretch.count; ++i)
        hidden[i] = filters_->allows(stretch[i]) ? 0 : ~uint32_t{0};
}

// Hides the excluded rows of each query of a block, whose first query is `first`.
void Scanner::hide_excluded(const RowList& stretch, size_t first, uint32_t* hidden) const {
    const size_t last = std::min(queries_.size(), first + kBlockQueries);
    for (size_t q = first; q < last; ++q)
        for (const uint32_t row : filters_[q].excluded_rows) {
            const size_t place = stretch.place_of(row);
            hidden[place < stretch.count ? place : stretch.count + row % kDummySlots] |=
                1U << (q - first);
        }
}

// Calls body(dots, numbers, row, block) with the dots of each block of queries and each chunk of
// rows; `row` is the position of the chunk in the list.
template <class Body>
void Scanner::each_block(const ScoredRows& scored, const RowList& list, Body&& body) {
    for (size_t row = 0; row < list.count; row += kChunkRows) {
        const size_t start = row % kStretchRows;
        if (start == 0) hide(list.part(row, std::min(list.count, row + kStretchRows)));
        const RowList part = list.part(row, std::min(list.count, row + kChunkRows));
        const RowChunk chunk = chunks_.load(scored, part, weighs_biases_);
        for (size_t q = 0; q < queries_.size(); q += kBlockQueries) {
            const size_t block = q / kBlockQueries;
            const uint32_t* hidden =
                filters_ == nullptr ? nullptr : &hidden_[block * hidden_stride_ + start];
            body(blocks_.dots_of(chunk, block, hidden), chunk.numbers, row, block);
        }
    }
}

void Scanner::scan_blocks(const ScoredRows& scored, const RowList& list) {
    each_block(scored, list,
               [&](const BlockDots& dots, const uint32_t* numbers, size_t, size_t block) {
                   const size_t first = block * kBlockQueries;
                   const size_t count = std::min(kBlockQueries, queries_.size() - first);
                   kernels_.sift({dots, numbers, std::span(best_).subspan(first, count)});
               });
}

}  // namespace vecq
