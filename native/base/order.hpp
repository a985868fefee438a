// Selecting and sorting without branches that nobody could predict: what a scan keeps of its scores
// is in no order at all.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <span>
#include <vector>

#include "base/key.hpp"

namespace vecq {

// Brings what `is_before` the rest to the front; returns how many that are.
template <class T, class IsBefore>
inline size_t partition_branchless(std::span<T> all, IsBefore&& is_before) {
    size_t front = 0;
    for (T& one : all) {
        const T now = one;
        one = all[front];
        all[front] = now;
        front += is_before(now);
    }
    return front;
}

// Brings the least `kept` to the front, in no order.
template <class T>
void keep_least(std::span<T> all, size_t kept) {
    constexpr size_t kFew = 16;
    // Halvings that are to be expected twice over: what takes more was made to.
    int rounds = 2 * static_cast<int>(std::bit_width(all.size()));
    while (kept > 0 && kept < all.size()) {
        if (all.size() <= kFew || rounds-- == 0) {
            std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(kept),
                             all.end());
            return;
        }
        const T first = all.front(), middle = all[all.size() / 2], last = all.back();
        const T pivot = std::max(std::min(first, middle), std::min(std::max(first, middle), last));
        size_t front = partition_branchless(all, [&](T one) { return one < pivot; });
        if (kept <= front) {
            all = all.first(front);
            continue;
        }
        // The pivot and its equals come next, so that every round takes something away.
        front += partition_branchless(all.subspan(front), [&](T one) { return !(pivot < one); });
        if (kept <= front) return;
        all = all.subspan(front);
        kept -= front;
    }
}

// By score and node. `room` is made as large as it takes.
void sort_keys(std::span<Key> keys, std::vector<Key>& room);

}  // namespace vecq
