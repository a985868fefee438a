// Gathers and packs rows, and multiplies chunks of rows with all columns.
#include "build/bulk_columns.hpp"

#include <algorithm>
#include <cstring>

namespace vecq {
namespace {

// Of a row that will be gathered.
constexpr size_t kPrefetchedBytes = 256;

}  // namespace

LinkDistance link_distance(const LinkMetric& link) {
    const LinkMeasure measure = link.measure();
    return {measure, measure.bias == 0 ? 1.0F : 0.0F};
}

BulkColumns::BulkColumns(const IndexState& state)
    : state_(state),
      distance_(link_distance(state.rows.link())),
      dim_(state.rows.codes().codec().dim()),
      row_bytes_(state.rows.codes().codec().row_bytes()),
      block_bytes_(state.kernels.packed_bytes(dim_)),
      query_bytes_(state.kernels.row_query_bytes(row_bytes_)),
      rows_(kMaxColumns * row_bytes_),
      blocks_(kMaxColumns / kBlockQueries * block_bytes_),
      query_codes_(kBlockQueries * query_bytes_),
      chunk_(kChunkRows * row_bytes_),
      dots_(kChunkRows * kMaxColumns * sizeof(int32_t)),
      affine_(kMaxColumns),
      factors_(kMaxColumns),
      offsets_(kMaxColumns),
      sums_(kMaxColumns) {}

void BulkColumns::load(std::span<const uint32_t> rows) {
    constexpr size_t kAhead = 8;
    const ScoredRows scored = state_.rows.scored_for_links();
    size_ = rows.size();
    ids_.assign(rows.begin(), rows.end());
    for (size_t i = 0; i < size_; ++i) {
        if (i + kAhead < size_) {
            const std::byte* row = scored.rows.at(rows[i + kAhead]);
            for (size_t at = 0; at < row_bytes_; at += kLine) __builtin_prefetch(row + at);
        }
        std::memcpy(rows_.as<std::byte>() + i * row_bytes_, scored.rows.at(rows[i]), row_bytes_);
        affine_[i] = scored.affine[rows[i]];
        factors_[i] = affine_[i].a;
        show(i);
    }
    const size_t end = (size_ + kBlockQueries - 1) / kBlockQueries * kBlockQueries;
    std::fill(factors_.begin() + size_, factors_.begin() + end, 0.0F);
    std::fill(offsets_.begin() + size_, offsets_.begin() + end, kAbsentColumn);
    for (size_t first = 0; first < size_; first += kBlockQueries) pack(first);
}

void BulkColumns::pack(size_t first) {
    Query queries[kBlockQueries];
    const size_t count = std::min(kBlockQueries, size_ - first);
    for (size_t i = 0; i < count; ++i)
        queries[i] =
            state_.kernels.row_query(rows_.as<std::byte>() + (first + i) * row_bytes_, row_bytes_,
                                     dim_, query_codes_.as<std::byte>() + i * query_bytes_);
    for (size_t i = 0; i < kBlockQueries; ++i) sums_[first + i] = i < count ? queries[i].sum : 0;
    state_.kernels.pack_block(queries, count, dim_,
                              blocks_.as<std::byte>() + first / kBlockQueries * block_bytes_);
}

void BulkColumns::prefetch(std::span<const uint32_t> rows) const {
    const ScoredRows scored = state_.rows.scored_for_links();
    for (const uint32_t row : rows) {
        for (size_t at = 0; at < std::min(kPrefetchedBytes, row_bytes_); at += kLine)
            __builtin_prefetch(scored.rows.at(row) + at);
        __builtin_prefetch(&scored.affine[row]);
    }
}

void BulkColumns::gather(std::span<const uint32_t> rows) {
    const ScoredRows scored = state_.rows.scored_for_links();
    for (size_t i = 0; i < rows.size(); ++i) {
        std::memcpy(chunk_.as<std::byte>() + i * row_bytes_, scored.rows.at(rows[i]), row_bytes_);
        chunk_affine_[i] = scored.affine[rows[i]];
    }
}

void BulkColumns::hide_all() { std::fill(offsets_.begin(), offsets_.end(), kAbsentColumn); }

void BulkColumns::find_nearest(const std::byte* rows, const Affine* affine, size_t count,
                               size_t wanted, size_t own, size_t columns) {
    const size_t blocks = (columns + kBlockQueries - 1) / kBlockQueries;
    wanted_ = wanted;
    auto* dots = dots_.as<int32_t>();
    for (size_t block = 0; block < blocks; ++block)
        state_.kernels.dot_block({blocks_.as<std::byte>() + block * block_bytes_,
                                  sums_.data() + block * kBlockQueries, dim_},
                                 {rows, row_bytes_, count}, dots + block * count * kBlockQueries);
    state_.kernels.nearest({dots, count, blocks * kBlockQueries, distance_, affine, affine_.data(),
                            factors_.data(), offsets_.data(), own, wanted, nearest_, distances_,
                            counts_});
}

void BulkColumns::find_nearest_of_others(std::span<const uint32_t> rows, size_t wanted,
                                         size_t columns) {
    gather(rows);
    find_nearest(chunk_.as<std::byte>(), chunk_affine_, rows.size(), wanted, kNoColumn, columns);
}

}  // namespace vecq
