// Selection and sorting without unpredictable branches: scores arrive in random order, so a
// comparison sort mispredicts half of its branches.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <span>
#include <vector>

#include "base/key.hpp"

namespace vecq {

// Moves the elements for which `is_before` holds to the front; returns their number.
template <class T, class IsBefore>
inline size_t partition_branchless(std::span<T> elements, IsBefore&& is_before) {
    size_t front = 0;
    for (T& element : elements) {
        const T value = element;
        element = elements[front];
        elements[front] = value;
        front += is_before(value);
    }
    return front;
}

// Moves the `kept` smallest elements to the front, unsorted.
template <class T>
void keep_least(std::span<T> elements, size_t kept) {
    constexpr size_t kFew = 16;
    // Twice the expected number of rounds; beyond that the input is adversarial.
    int rounds = 2 * static_cast<int>(std::bit_width(elements.size()));
    while (kept > 0 && kept < elements.size()) {
        if (elements.size() <= kFew || rounds-- == 0) {
            std::nth_element(elements.begin(), elements.begin() + static_cast<std::ptrdiff_t>(kept),
                             elements.end());
            return;
        }
        const T first = elements.front(), middle = elements[elements.size() / 2],
                last = elements.back();
        const T pivot = std::max(std::min(first, middle), std::min(std::max(first, middle), last));
        size_t front = partition_branchless(elements, [&](T value) { return value < pivot; });
        if (kept <= front) {
            elements = elements.first(front);
            continue;
        }
        // Moves the pivot and its equals next, so that every round shrinks the range.
        front += partition_branchless(elements.subspan(front),
                                      [&](T value) { return !(pivot < value); });
        if (kept <= front) return;
        elements = elements.subspan(front);
        kept -= front;
    }
}

// Sorts by score, the best first, then by node. `scratch` grows as needed and may be reused.
void sort_keys(std::span<Key> keys, std::vector<Key>& scratch);

}  // namespace vecq
