// A hash set of row numbers, at most half full: probe sequences are short, branches predictable.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace vecq {

class RowSet {
public:
    // Empties the set and reserves capacity for `count` rows.
    void begin(size_t count) {
        size_ = 0;
        slots_.assign(std::bit_ceil(2 * count + 2), 0);
        mask_ = slots_.size() - 1;
        shift_ = 32 - std::countr_zero(slots_.size());
    }

    void insert(uint32_t row) {
        size_t at = place_of(row);
        for (; slots_[at] != 0; at = (at + 1) & mask_)
            if (slots_[at] == row + 1) return;
        slots_[at] = row + 1;
        ++size_;
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
