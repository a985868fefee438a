// A hash set of row numbers, at most half full: probe sequences are short, branches predictable.
// The number UINT32_MAX is no row.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace vecq {

class RowSet {
public:
    // Empties the set and reserves capacity for `count` rows.
    void begin(size_t count) {
        size_ = 0;
        slots_.assign(std::bit_ceil(2 * count + 2), 0);
        mask_ = slots_.size() - 1;
        shift_ = std::max(0, 32 - std::countr_zero(slots_.size()));
    }

    // Reserves capacity for `count` more rows. Grows by at least half.
    void reserve_more(size_t count) {
        if (2 * (size_ + count) < slots_.size()) return;
        RowSet larger;
        larger.begin(size_ + count);
        for (const uint32_t slot : slots_)
            if (slot != 0) larger.insert(slot - 1);
        *this = std::move(larger);
    }

    // Returns whether the set lacked the row.
    bool insert(uint32_t row) {
        size_t at = place_of(row);
        for (; slots_[at] != 0; at = (at + 1) & mask_)
            if (slots_[at] == row + 1) return false;
        slots_[at] = row + 1;
        ++size_;
        return true;
    }

    // Replaces the contents.
    void assign(std::span<const uint32_t> rows) {
        begin(rows.size());
        for (const uint32_t row : rows) insert(row);
    }

    size_t size() const { return size_; }

    bool holds(uint32_t row) const {
        if (size_ == 0) return false;
        for (size_t at = place_of(row); slots_[at] != 0; at = (at + 1) & mask_)
            if (slots_[at] == row + 1) return true;
        return false;
    }

private:
    // Fibonacci hashing: the upper bits of the product depend on all bits of the row, which spreads
    // excluded rows with adjacent numbers.
    size_t place_of(uint32_t row) const { return row * 0x9e3779b1U >> shift_; }

    std::vector<uint32_t> slots_;  // row + 1, or 0 where free
    size_t size_ = 0, mask_ = 0;
    int shift_ = 0;
};

}  // namespace vecq
