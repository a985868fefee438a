// Sorts rows by level, or by norm.
#include "build/link_order.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>

namespace vecq {
namespace {

// Sorts rows by falling level, by counting: comparisons of millions of rows take a second.
std::vector<uint32_t> by_level(std::span<const uint32_t> rows, std::span<const uint8_t> levels) {
    std::array<size_t, kHighestLevel + 2> ends{};
    for (const uint8_t level : levels) ++ends[kHighestLevel - level + 1];
    std::partial_sum(ends.begin(), ends.end(), ends.begin());
    std::vector<uint32_t> sorted(rows.begin(), rows.end());
    for (const uint32_t row : rows)
        if (row < levels.size()) sorted[ends[kHighestLevel - levels[row]]++] = row;
    return sorted;
}

}  // namespace

std::vector<uint32_t> link_order(const IndexState& state, std::span<const uint8_t> levels,
                                 std::vector<uint32_t> rows) {
    if (!state.rows.link().is_flat()) return by_level(rows, levels);
    const size_t first = state.rows.slots().extent();
    std::ranges::stable_sort(rows, std::greater<>(),
                             [&](uint32_t row) { return state.rows.codes()[first + row].norm; });
    return rows;
}

}  // namespace vecq
