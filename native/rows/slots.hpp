// Which rows hold items. A removed row leaves a vacant slot, which a later row reuses once no link
// leads to it. Removal finds most links at once; a sweep of the graph finds the others.
//
//   free > taken (filled, not linked yet) > visible to searches > vacant, perhaps with stray links
//   > free
//
// Until the first removal every row below `extent` is visible, and nothing is stored per row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bitset.hpp"

namespace vecq {

class Slots {
public:
    // Upper bound of visible rows, exclusive.
    size_t extent() const { return extent_; }
    // The number of visible rows.
    size_t count() const { return extent_ - vacant_; }
    bool is_visible(uint32_t row) const {
        return row < extent_ && (!tracks() || visible_.test(row));
    }
    // One bit per row; null: all.
    const uint64_t* visible() const { return tracks() ? visible_.words() : nullptr; }
    // Rows that may be linked to: visible and staged ones. One bit per row; null: all.
    const uint64_t* taken() const { return tracks() ? taken_.words() : nullptr; }

    // Reserves memory, so that the calls below do not fail for rows below `rows` and for `vacated`
    // calls of `vacate`.
    void reserve(size_t rows, size_t vacated);

    // Makes a linked row visible: the next row, or one that fills a slot.
    void show(uint32_t row);
    void hide(uint32_t row);
    void vacate(uint32_t row);
    // The number of vacant slots that links may still lead to.
    size_t stray() const { return stray_.size(); }
    // Frees all stray slots. Requires that no link leads to them.
    void free_stray();
    size_t free() const { return free_.size(); }
    // Also means that no slot is being filled.
    bool all_vacant_are_free() const { return vacant_ == free_.size(); }
    // Takes the free slot with the lowest number.
    uint32_t take();
    // All vacant slots, ascending.
    std::vector<uint32_t> vacant() const;

    // Sets the state of a file: all rows below `extent` but the vacant ones are visible.
    void restore(size_t extent, std::span<const uint32_t> vacant);
    void clear() {
        const uint64_t version = version_;
        *this = {};
        version_ = version + 1;
    }
    // Changes whenever visible rows do.
    uint64_t version() const { return version_; }

private:
    // Whether bitmaps exist, which is so from the first removal on.
    bool tracks() const { return !visible_.empty(); }

    size_t extent_ = 0, vacant_ = 0;
    uint64_t version_ = 0;
    Bitset visible_, taken_;  // rows at or above the extent count as taken
    std::vector<uint32_t> stray_, free_;
};

}  // namespace vecq
