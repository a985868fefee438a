// Reorders elements in place, with memory for one element and one bit per element.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace vecq {

// Moves element order[i] to i, by following the cycles of the permutation. save(i) saves an
// element, move(to, from) copies one over another, put(to) writes the saved one.
template <class Save, class Move, class Put>
void permute_in_place(std::span<const uint32_t> order, Save&& save, Move&& move, Put&& put) {
    std::vector<bool> settled(order.size());
    for (uint32_t start = 0; start < order.size(); ++start) {
        if (settled[start] || order[start] == start) continue;
        save(start);
        uint32_t to = start;
        for (; order[to] != start; to = order[to]) {
            settled[to] = true;
            move(to, order[to]);
        }
        settled[to] = true;
        put(to);
    }
}

template <class T>
void permute_in_place(std::span<const uint32_t> order, T* elements) {
    T kept{};
    permute_in_place(
        order, [&](size_t i) { kept = elements[i]; },
        [&](size_t to, size_t from) { elements[to] = elements[from]; },
        [&](size_t to) { elements[to] = kept; });
}

}  // namespace vecq
