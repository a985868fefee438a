// A set of rows packed as columns of block products, and the columns nearest to other rows.
#pragma once

#include <span>
#include <utility>
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

    // Hides all but the first of equal columns, so that they do not crowd out all others.
    void hide_equal();
    // Returns the column equal to a hidden one that comes before it; kNoTwin for all others.
    static constexpr uint16_t kNoTwin = UINT16_MAX;
    uint16_t twin_of(size_t column) const { return twins_[column]; }

    struct Nearest {
        std::span<const uint16_t> columns;
        const float* distances;
    };
    // Calls visit(i, nearest) for each row i of `rows`: at most `wanted` columns, nearest first.
    template <class Visit>
    void each_nearest(std::span<const uint32_t> rows, size_t wanted, Visit&& visit) {
        for (size_t first = 0; first < rows.size(); first += kChunkRows) {
            const auto chunk = rows.subspan(first, std::min(kChunkRows, rows.size() - first));
            gather(chunk);
            find_nearest(chunk_.as<std::byte>(), chunk_affine_, chunk.size(), wanted, kNoColumn,
                         false);
            for (size_t i = 0; i < chunk.size(); ++i) visit(first + i, found(i));
        }
    }
    // The same for the columns themselves, none of which selects itself. With `only_before` a
    // column selects earlier ones only.
    template <class Visit>
    void each_nearest_of_columns(size_t wanted, bool only_before, Visit&& visit) {
        if (only_before) hide_all();
        // A column that was a row is visible until its chunk ends.
        const size_t step = has_twins_ ? kFewRows : kChunkRows;
        for (size_t first = 0; first < size_; first += step) {
            const size_t count = std::min(step, size_ - first);
            find_nearest(rows_.as<std::byte>() + first * row_bytes_, affine_.data() + first, count,
                         wanted, first, only_before);
            if (has_twins_) hide_twins(first, count);
            for (size_t i = 0; i < count; ++i) visit(first + i, found(i));
        }
    }

private:
    static constexpr size_t kFewRows = 4;

    uint64_t hash_of(size_t column) const;
    bool are_equal(size_t a, size_t b) const;
    void hide_twins(size_t first, size_t count);
    void pack(size_t first);
    void gather(std::span<const uint32_t> rows);
    void hide_all();
    void find_nearest(const std::byte* rows, const Affine* affine, size_t count, size_t wanted,
                      size_t own, bool only_before);
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
    std::vector<uint16_t> twins_;
    std::vector<std::pair<uint64_t, uint16_t>> hashes_;
    bool has_twins_ = false;
    Affine chunk_affine_[kChunkRows];
    uint16_t nearest_[kChunkRows * kMaxNearest];
    float distances_[kChunkRows * kMaxNearest];
    uint8_t counts_[kChunkRows];
    size_t size_ = 0, wanted_ = 0;
};

}  // namespace vecq
