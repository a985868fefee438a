// Which rows there are. A removed row leaves a vacant slot behind, and a later one is put into it, once no
// link leads there any more: links that removal did not find are swept out, many slots at a time.
//
//   free > taken (put, not linked yet) > shown to searches > vacant, perhaps with stray links > free
//
// As long as nothing was ever removed, all rows below `extent` are shown and nothing is kept of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace vecq {

class Slots {
public:
    // Rows that searches see have numbers below this.
    size_t extent() const { return extent_; }
    // How many of them there are.
    size_t count() const { return extent_ - vacant_; }
    bool shows(uint32_t row) const { return row < extent_ && (!tracks() || has(shown_, row)); }
    // A bit for each row, or null: all.
    const uint64_t* shown() const { return tracks() ? shown_.data() : nullptr; }
    const uint64_t* taken() const { return tracks() ? taken_.data() : nullptr; }

    // After this, what follows does not fail, for rows below `rows` of which so many are vacated.
    void reserve(size_t rows, size_t vacated);

    // Linked, the next one or one that was put.
    void show(uint32_t row);
    // Not an item any more.
    void hide(uint32_t row);
    void vacate(uint32_t row);
    // Links may lead to so many vacant slots; and all these, in no order.
    size_t stray() const { return stray_.size(); }
    // No link leads to a vacant slot.
    void sweep();
    size_t free() const { return free_.size(); }
    // None is being filled either.
    bool all_vacant_are_free() const { return vacant_ == free_.size(); }
    // A free slot, taken.
    uint32_t put();
    // All that are vacant, ascending.
    std::vector<uint32_t> vacant() const;

    // Of a file: rows that are shown but for some.
    void restore(size_t extent, std::span<const uint32_t> vacant);
    void clear() { *this = {}; }

private:
    using Bits = std::vector<uint64_t>;

    bool tracks() const { return !shown_.empty(); }
    static bool has(const Bits& bits, uint32_t row) {
        return (bits[row / 64] >> row % 64 & 1) != 0;
    }
    static void set(Bits& bits, uint32_t row) { bits[row / 64] |= uint64_t{1} << row % 64; }
    static void unset(Bits& bits, uint32_t row) { bits[row / 64] &= ~(uint64_t{1} << row % 64); }

    size_t extent_ = 0, vacant_ = 0;
    Bits shown_, taken_;  // what is beyond the extent counts as taken
    std::vector<uint32_t> stray_, free_;
};

}  // namespace vecq
