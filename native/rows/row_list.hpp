// Rows that are to be scanned.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace vecq {

// Where each row is among those whose bits are set.
struct Places {
    const uint64_t* bits;
    const uint32_t* before;  // how many bits are set before each word

    size_t of(uint32_t row) const {
        const uint64_t lower = bits[row / 64] & ((uint64_t{1} << row % 64) - 1);
        return before[row / 64] + static_cast<size_t>(std::popcount(lower));
    }
};

// Rows to be scanned: of those that are listed, or of all, from `first` on, with steps of a power
// of two.
struct RowList {
    std::span<const uint32_t> rows = {};
    size_t first = 0, count = 0;
    int step_bits = 0;
    Places places = {};  // in what is listed

    bool listed() const { return !rows.empty(); }
    bool together() const { return !listed() && step_bits == 0; }
    uint32_t operator[](size_t i) const {
        const size_t at = first + (i << step_bits);
        return listed() ? rows[at] : static_cast<uint32_t>(at);
    }
    RowList part(size_t from, size_t to) const {
        return {rows, first + (from << step_bits), to - from, step_bits, places};
    }
    // Every so many of them.
    RowList sample(int bits) const {
        return {rows, first, count >> bits, step_bits + bits, places};
    }
    // Where a row is among these; `count` or more where it is not. A list must hold it.
    size_t place_of(uint32_t row) const {
        const size_t at = (listed() ? places.of(row) : row) - first, place = at >> step_bits;
        return place << step_bits != at ? count : place;
    }
};

}  // namespace vecq
