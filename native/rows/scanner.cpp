// Scans rows by blocks of queries: sample bounds, filter bits, block dots, sifting.
#include "rows/scanner.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

namespace vecq {
namespace {

constexpr float kLowest = -std::numeric_limits<float>::infinity();

// Smaller scans take no sample.
constexpr size_t kMinSampledScan = 8192;
// A sample is 1/2^kSampleBits of the rows, half of that if rows are long, and at most about
// kMaxSampled rows.
constexpr int kSampleBits = 4;
constexpr size_t kLongRowBytes = 512;
constexpr size_t kMaxSampled = 16384;
// A peak is the best score of up to kMaxPerPeak sampled rows. With kPeaksPerRank peaks per wanted
// rank, two of the best rows rarely share a peak.
constexpr size_t kMaxPerPeak = 16, kPeaksPerRank = 4;

// Returns the rank in a sample whose score almost surely (three standard deviations) does not
// exceed that of the `width`-th best of all rows.
size_t rank_in_sample(size_t width, size_t rows, size_t sampled) {
    const double expected = static_cast<double>(width) * sampled / rows;
    return static_cast<size_t>(std::ceil(expected + 3 * std::sqrt(expected) + 2));
}

// Returns the query without terms that do not change the order of rows: the offset, which would
// round small differences away, and the scale if no bias is added.
EncodedQuery ranking_query(EncodedQuery query) {
    query.offset = 0;
    if (query.bias == 0 && query.item_bias_weight == 0) query.scale = 1;
    return query;
}

bool weighs_biases(const EncodedQuery& query) { return query.item_bias_weight != 0; }

BlockTerms terms_of(std::span<const EncodedQuery> queries) {
    if (std::ranges::any_of(queries, weighs_biases)) return BlockTerms::item_biases;
    const auto all_have = [&](float bias) {
        return std::all_of(queries.begin(), queries.end(),
                           [&](const EncodedQuery& query) { return query.bias == bias; });
    };
    if (all_have(0)) return BlockTerms::dots;
    return all_have(1) ? BlockTerms::unit_biases : BlockTerms::any;
}

// Prefetches the rows of the list at [first, last). Always inline, see Prefetch.
[[gnu::always_inline]] inline void prefetch(const ScoredRows& scored, const RowList& list,
                                            size_t first, size_t last) {
    const size_t bytes = std::min(scored.rows.row_bytes, kLongRowBytes);
    for (size_t i = first; i < last; ++i) {
        __builtin_prefetch(scored.affine + list[i], 0, 2);
        for (size_t at = 0; at < bytes; at += kLine)
            __builtin_prefetch(scored.rows.at(list[i]) + at, 0, 2);
    }
}

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
    const size_t blocks = (queries_.size() + kBlockQueries - 1) / kBlockQueries;
    block_bytes_ = kernels_.packed_bytes(dim_);
    if (packed_.bytes() < blocks * block_bytes_) packed_ = Memory(blocks * block_bytes_);
    if (dots_.bytes() == 0) dots_ = Memory(kChunkRows * kBlockQueries * sizeof(int32_t));
    sums_.assign(blocks * kBlockQueries, 0);
    scales_.assign(blocks * kBlockQueries, 0);
    biases_.assign(blocks * kBlockQueries, 0);
    weights_.assign(blocks * kBlockQueries, 0);
    weighs_biases_ = std::ranges::any_of(queries_, weighs_biases);
    terms_.resize(blocks);
    for (size_t block = 0; block < blocks; ++block) {
        const size_t first = block * kBlockQueries;
        const size_t count = std::min(kBlockQueries, queries_.size() - first);
        pack_block(block, std::span(queries_).subspan(first, count));
    }
}

void Scanner::pack_block(size_t block, std::span<const EncodedQuery> queries) {
    Query parts[kBlockQueries];
    const size_t first = block * kBlockQueries;
    for (size_t q = 0; q < queries.size(); ++q) {
        const EncodedQuery& query = queries[q];
        parts[q] = query.parts[0];
        sums_[first + q] = query.parts[0].sum;
        scales_[first + q] = query.scale;
        biases_[first + q] = query.bias;
        weights_[first + q] = query.item_bias_weight;
    }
    terms_[block] = terms_of(queries);
    kernels_.pack_block(parts, queries.size(), dim_,
                        packed_.as<std::byte>() + block * block_bytes_);
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
    return bound == kLowest || best_[query].size() >= width_;
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
    std::vector<float> none(queries_.size(), kLowest);
    if (scores_rows_singly() || list.count < kMinSampledScan) return none;
    const int bits = std::max<int>(kSampleBits + (scored.rows.row_bytes > kLongRowBytes),
                                   std::bit_width(list.count / kMaxSampled));
    const RowList sample = list.sample(bits);
    const size_t rank = rank_in_sample(width_, list.count, sample.count);
    size_t per_peak = kMaxPerPeak;
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

// Returns the rows contiguously, as the block kernel reads them, and sets their numbers.
Scanner::Chunk Scanner::chunk_of(const ScoredRows& scored, const RowList& list) {
    const size_t count = list.count, bytes = scored.rows.row_bytes;
    const bool has_own = scored.scan_affine != nullptr && scored.biased == nullptr;
    const Affine* const scan_affine = has_own ? scored.scan_affine : scored.affine;
    for (size_t i = 0; i < count; ++i) numbers_[i] = list[i];
    const float* item_biases = nullptr;
    if (weighs_biases_ && scored.biased != nullptr) {
        for (size_t i = 0; i < count; ++i) item_biases_[i] = scored.biased[numbers_[i]].bias;
        item_biases = item_biases_;
    }
    if (list.is_contiguous())
        return {{scored.rows.at(list.first), bytes, count}, scan_affine + list.first, item_biases};
    if (gathered_.bytes() < kChunkRows * bytes) gathered_ = Memory(kChunkRows * bytes);
    auto* to = gathered_.as<std::byte>();
    for (size_t i = 0; i < count; ++i) {
        std::memcpy(to + i * bytes, scored.rows.at(numbers_[i]), bytes);
        affine_[i] = scan_affine[numbers_[i]];
    }
    return {{to, bytes, count}, affine_, item_biases};
}

// Computes the hidden bits of a stretch of rows.
void Scanner::hide(const RowList& stretch) {
    if (filters_ == nullptr) return;
    const bool excludes =
        std::any_of(filters_, filters_ + queries_.size(),
                    [](const RowFilter& filter) { return !filter.excluded_rows.empty(); });
    hidden_stride_ = excludes ? stretch.count + kDummySlots : 0;
    const size_t blocks = excludes ? (queries_.size() + kBlockQueries - 1) / kBlockQueries : 1;
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

// Calls body(dots, row, block) with the dots of each block of queries and each chunk of rows; `row`
// is the position of the chunk in the list.
template <class Body>
void Scanner::each_block(const ScoredRows& scored, const RowList& list, Body&& body) {
    for (size_t row = 0; row < list.count; row += kChunkRows) {
        const size_t start = row % kStretchRows;
        if (start == 0) hide(list.part(row, std::min(list.count, row + kStretchRows)));
        const RowList part = list.part(row, std::min(list.count, row + kChunkRows));
        const Chunk chunk = chunk_of(scored, part);
        for (size_t q = 0; q < queries_.size(); q += kBlockQueries) {
            const size_t block = q / kBlockQueries;
            const uint32_t* hidden =
                filters_ == nullptr ? nullptr : &hidden_[block * hidden_stride_ + start];
            body(dots_of(chunk, block, hidden), row, block);
        }
    }
}

// Valid until the next call.
BlockDots Scanner::dots_of(const Chunk& chunk, size_t block, const uint32_t* hidden) {
    const size_t q = block * kBlockQueries;
    const std::byte* codes = packed_.as<std::byte>() + block * block_bytes_;
    kernels_.dot_block({codes, &sums_[q], dim_}, chunk.rows, dots_.as<void>());
    const bool is_biased = terms_[block] == BlockTerms::item_biases;
    return {dots_.as<void>(),
            chunk.rows.count,
            chunk.affine,
            &scales_[q],
            &biases_[q],
            terms_[block],
            hidden,
            is_biased ? chunk.item_biases : nullptr,
            is_biased ? &weights_[q] : nullptr};
}

void Scanner::scan_blocks(const ScoredRows& scored, const RowList& list) {
    each_block(scored, list, [&](const BlockDots& dots, size_t, size_t block) {
        const size_t first = block * kBlockQueries;
        const size_t count = std::min(kBlockQueries, queries_.size() - first);
        kernels_.sift({dots, numbers_, std::span(best_).subspan(first, count)});
    });
}

void Scanner::scan_windows(const ScoredRows& scored, const RowList& list,
                           std::span<const Window> windows, const uint64_t* allowed) {
    for (size_t q = 0; q < queries_.size(); ++q) best_[q].begin(width_);
    lanes_.clear();
    size_t next = 0;
    for (size_t row = 0; next < windows.size() || has_open_lanes();) {
        if (!has_open_lanes()) row = windows[next].begin;
        for (; next < windows.size() && windows[next].begin < row + kChunkRows; ++next)
            if (windows[next].begin < windows[next].end) open_lane(next, windows[next]);
        if (!has_open_lanes()) continue;
        const RowList part = list.part(row, std::min(list.count, row + kChunkRows));
        prefetch(scored, list, row + part.count, std::min(list.count, row + 2 * kChunkRows));
        scan_lanes(chunk_of(scored, part), row, allowed);
        row += part.count;
        close_lanes(row);
    }
}

// Scores a chunk of the list, whose first row has place `first`, for the queries in lanes.
void Scanner::scan_lanes(const Chunk& chunk, size_t first, const uint64_t* allowed) {
    const size_t count = chunk.rows.count;
    uint32_t disallowed[kChunkRows], hidden[kChunkRows];
    for (size_t i = 0; i < count; ++i)
        disallowed[i] = allowed == nullptr || test_bit(allowed, numbers_[i]) ? 0 : ~0U;
    for (size_t block = 0; block * kBlockQueries < lanes_.size(); ++block) {
        const std::span lanes = std::span(lanes_).subspan(block * kBlockQueries, kBlockQueries);
        if (std::ranges::none_of(lanes, &Lane::is_open)) continue;
        if (std::exchange(stale_blocks_[block], char{0}) != 0) {
            EncodedQuery queries[kBlockQueries];
            for (size_t i = 0; i < kBlockQueries; ++i) queries[i] = queries_[lanes[i].query];
            pack_block(block, queries);
        }
        std::copy_n(disallowed, count, hidden);
        hide_outside(lanes, first, count, hidden);
        kernels_.sift({dots_of(chunk, block, hidden), numbers_,
                       std::span(lane_best_).subspan(block * kBlockQueries, kBlockQueries)});
    }
}

bool Scanner::has_open_lanes() const { return std::ranges::any_of(lanes_, &Lane::is_open); }

// Gives a query the first closed lane. Closed lanes hold any query.
void Scanner::open_lane(size_t query, const Window& window) {
    const auto closed = std::ranges::find(lanes_, false, &Lane::is_open);
    const auto lane = static_cast<size_t>(closed - lanes_.begin());
    if (lane == lanes_.size()) {
        lanes_.resize(lane + kBlockQueries, {query, {}, false});
        stale_blocks_.resize(lanes_.size() / kBlockQueries);
        if (lane_best_.size() < lanes_.size()) lane_best_.resize(lanes_.size());
    }
    lanes_[lane] = {query, window, true};
    stale_blocks_[lane / kBlockQueries] = 1;
    std::swap(lane_best_[lane], best_[query]);
}

// Closes the lanes whose windows end at `place` or before.
void Scanner::close_lanes(size_t place) {
    for (size_t lane = 0; lane < lanes_.size(); ++lane) {
        if (!lanes_[lane].is_open || lanes_[lane].window.end > place) continue;
        lanes_[lane].is_open = false;
        std::swap(lane_best_[lane], best_[lanes_[lane].query]);
    }
}

// Hides from each query of a block the rows at [first, first + count) that its window lacks.
void Scanner::hide_outside(std::span<const Lane> lanes, size_t first, size_t count,
                           uint32_t* hidden) const {
    const size_t last = first + count;
    uint32_t closed = 0;
    for (size_t i = 0; i < lanes.size(); ++i) {
        const Window& own = lanes[i].window;
        if (!lanes[i].is_open) {
            closed |= 1U << i;
            continue;
        }
        for (size_t place = first; place < std::min(own.begin, last); ++place)
            hidden[place - first] |= 1U << i;
        for (size_t place = own.end; place < last; ++place) hidden[place - first] |= 1U << i;
    }
    for (size_t i = 0; i < count; ++i) hidden[i] |= closed;
}

}  // namespace vecq
