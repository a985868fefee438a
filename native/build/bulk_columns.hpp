// A set of rows packed as columns of block products, and the columns nearest to other rows.
#pragma once

#include <span>
#include <vector>

#include "base/memory.hpp"
#include "rows/index_state.hpp"

namespace vecq {

LinkDistance link_distance(const LinkMetric& link);

// Not thread-safe: each thread has its own.
class BulkColumns {
public:
    // Rows per chunk of a product: as many as a step of matrix tiles reads.
    static constexpr size_t kChunkRows = 32;

    explicit BulkColumns(const IndexState& state);

    // Packs at most kMaxColumns rows.
    void load(std::span<const uint32_t> rows);
    size_t size() const { return size_; }

    struct Nearest {
        std::span<const uint16_t> columns;
        const float* distances;
    };
    // Calls visit(i, nearest) for each row i of `rows`: at most `wanted` columns, nearest first.
    template <class Visit>
    void each_nearest(std::span<const uint32_t> rows, size_t wanted, Visit&& visit) {
        for (size_t first = 0; first < rows.size(); first += kChunkRows) {
            const auto chunk = rows.subspan(first, std::min(kChunkRows, rows.size() - first));
            const auto behind = rows.subspan(first + chunk.size());
            prefetch(behind.first(std::min(kChunkRows, behind.size())));
            find_nearest_of_others(chunk, wanted, size_);
            for (size_t i = 0; i < chunk.size(); ++i) visit(first + i, found(i));
        }
    }
    // The same for ascending rows, each of which selects columns of rows before it only.
    template <class Visit>
    void each_nearest_before(std::span<const uint32_t> rows, size_t wanted, Visit&& visit) {
        hide_all();
        size_t shown = 0;
        for (size_t i = 0; i < rows.size(); ++i) {
            for (; shown < size_ && ids_[shown] < rows[i]; ++shown) show(shown);
            if (shown == 0) continue;
            find_nearest_of_others(rows.subspan(i, 1), wanted, shown);
            visit(i, found(0));
        }
    }
    // The same for the columns [first, end) themselves, none of which selects itself.
    template <class Visit>
    void each_nearest_of_columns(size_t first, size_t end, size_t wanted, Visit&& visit) {
        for (; first < end; first += kChunkRows) {
            const size_t count = std::min(kChunkRows, end - first);
            find_nearest(rows_.as<std::byte>() + first * row_bytes_, affine_.data() + first, count,
                         wanted, first, size_);
            for (size_t i = 0; i < count; ++i) visit(first + i, found(i));
        }
    }

private:
    void pack(size_t first);
    void prefetch(std::span<const uint32_t> rows) const;
    void gather(std::span<const uint32_t> rows);
    void hide_all();
    void show(size_t column) { offsets_[column] = -distance_.measure.bias * affine_[column].c; }
    void find_nearest(const std::byte* rows, const Affine* affine, size_t count, size_t wanted,
                      size_t own, size_t columns);
    void find_nearest_of_others(std::span<const uint32_t> rows, size_t wanted, size_t columns);
    Nearest found(size_t i) const {
        return {{nearest_ + i * wanted_, counts_[i]}, distances_ + i * wanted_};
    }

    const IndexState& state_;
    const LinkDistance distance_;
    const size_t dim_, row_bytes_, block_bytes_, query_bytes_;
    Memory rows_, blocks_, query_codes_, chunk_, dots_;
    std::vector<Affine> affine_;
    std::vector<float> factors_, offsets_;
    std::vector<int32_t> sums_;
    std::vector<uint32_t> ids_;
    Affine chunk_affine_[kChunkRows];
    uint16_t nearest_[kChunkRows * kMaxNearest];
    float distances_[kChunkRows * kMaxNearest];
    uint8_t counts_[kChunkRows];
    size_t size_ = 0, wanted_ = 0;
};

}  // namespace vecq
