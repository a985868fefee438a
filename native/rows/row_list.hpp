// The rows of a scan: a range or a list, whole, in part or sampled.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace vecq {

// The rank of each row among the set bits of a bitmap, in O(1).
struct Places {
    const uint64_t* bits;
    const uint32_t* before;  // number of set bits before each word

    size_t of(uint32_t row) const {
        const uint64_t lower = bits[row / 64] & ((uint64_t{1} << row % 64) - 1);
        return before[row / 64] + static_cast<size_t>(std::popcount(lower));
    }
};

// `count` rows: every 2^step_bits-th element from `first` on, of a list, or of all rows if the list
// is empty.
struct RowList {
    std::span<const uint32_t> rows = {};
    size_t first = 0, count = 0;
    int step_bits = 0;
    Places places = {};  // the position of each row in `rows`

    bool is_listed() const { return !rows.empty(); }
    bool is_contiguous() const { return !is_listed() && step_bits == 0; }
    uint32_t operator[](size_t i) const {
        const size_t at = first + (i << step_bits);
        return is_listed() ? rows[at] : static_cast<uint32_t>(at);
    }
    RowList part(size_t from, size_t to) const {
        return {rows, first + (from << step_bits), to - from, step_bits, places};
    }
    // Every 2^bits-th row.
    RowList sample(int bits) const {
        return {rows, first, count >> bits, step_bits + bits, places};
    }
    // Returns i with (*this)[i] == row, or a number of `count` or more if there is none. `rows`
    // must contain the row unless it is empty.
    size_t place_of(uint32_t row) const {
        const size_t at = (is_listed() ? places.of(row) : row) - first, place = at >> step_bits;
        return place << step_bits != at ? count : place;
    }
};

}  // namespace vecq
