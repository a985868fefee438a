// A few rows out of many: a table of twice as many slots, read without branches that fail.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace vecq {

class RowSet {
public:
    // Empties it and makes room for `count` rows.
    void begin(size_t count) {
        size_ = 0;
        slots_.assign(std::bit_ceil(2 * count + 1), 0);
        mask_ = slots_.size() - 1;
    }

    void insert(uint32_t row) {
        size_t at = place_of(row);
        for (; slots_[at] != 0; at = (at + 1) & mask_)
            if (slots_[at] == row + 1) return;
        slots_[at] = row + 1;
        ++size_;
    }

    size_t size() const { return size_; }

    bool holds(uint32_t row) const {
        if (size_ == 0) return false;
        for (size_t at = place_of(row); slots_[at] != 0; at = (at + 1) & mask_)
            if (slots_[at] == row + 1) return true;
        return false;
    }

private:
    // Neighbouring rows go to neighbouring slots, so that rows which were chosen at random and rows
    // in sequence both spread.
    size_t place_of(uint32_t row) const { return row & mask_; }

    std::vector<uint32_t> slots_;  // row + 1, or 0 where free
    size_t size_ = 0, mask_ = 0;
};

}  // namespace vecq
