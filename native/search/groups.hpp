// Groups of items, such as sellers, of which each query returns a limited number of items.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/key.hpp"
#include "rows/id_map.hpp"

namespace vecq {

// The group of each id. Immutable, so searches share it. It knows ids, not rows: an item keeps its
// group through updates, moves and removals.
class Groups {
public:
    // The group of an id that is in none: each such item is a group of its own.
    static constexpr uint32_t kNone = UINT32_MAX;

    // `groups` has a number below ids.size() for each id. Of an id given twice the last one counts.
    Groups(std::span<const int64_t> ids, std::span<const uint32_t> groups);

    // Number of groups, an upper bound of all group numbers.
    size_t count() const { return count_; }
    // Returns how many of the best items hold `wanted` results if groups are independent of scores;
    // at most `items`.
    size_t expected_depth(size_t wanted, size_t per_group, size_t items) const;
    uint32_t of(int64_t id) const {
        for (size_t at = home_of(id);; at = (at + 1) & mask_) {
            if (slots_[at].group == kNone) return kNone;
            if (slots_[at].id == id) return slots_[at].group;
        }
    }

    void prefetch(int64_t id) const { __builtin_prefetch(&slots_[home_of(id)]); }

private:
    struct Slot {
        int64_t id;
        uint32_t group, unused;
    };

    // Fibonacci hashing, as in RowSet.
    size_t home_of(int64_t id) const {
        return static_cast<uint64_t>(id) * 0x9e3779b97f4a7c15U >> shift_;
    }

    // Groups of similar sizes.
    struct SizeClass {
        double groups = 0, items = 0;
    };

    void classify_sizes();
    double expected_results(double depth, size_t per_group, size_t items) const;

    std::vector<Slot> slots_;  // open addressing, at most half full
    size_t mask_ = 0, count_ = 0;
    int shift_ = 0;
    std::vector<SizeClass> sizes_;  // by powers of two, empty ones left out
};

// Takes items in the order of their scores until their groups are full.
class GroupPicker {
public:
    // Reduces `keys`, best first, to the first `wanted` of which no group has more than
    // `per_group`. Returns the number of keys looked at.
    size_t pick(std::vector<Key>& keys, size_t wanted, const Groups& groups, size_t per_group,
                const IdMap& ids);
    // Returns how many of the best items hold `wanted` results. If more than these keys, the best
    // ones, it is extrapolated, to at most twice as many.
    size_t depth_for(std::span<const Key> keys, size_t wanted, const Groups& groups,
                     size_t per_group, const IdMap& ids);

private:
    void look_up(std::span<const Key> keys, const Groups& groups, const IdMap& ids);
    template <class Take>
    size_t take(size_t count, size_t wanted, size_t per_group, Take&& take_key);

    std::vector<uint32_t> taken_;               // per group; 0 between calls
    std::vector<uint32_t> group_of_, touched_;  // groups by key, and those taken from
};

}  // namespace vecq
