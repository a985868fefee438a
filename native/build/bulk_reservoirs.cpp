// Inserts neighbors into sorted arrays of bounded length.
#include "build/bulk_reservoirs.hpp"

#include <algorithm>
#include <cstring>

namespace vecq {

BulkReservoirs::BulkReservoirs(size_t rows, size_t capacity)
    : capacity_(capacity),
      slots_(rows * capacity * sizeof(Neighbor)),
      counts_(rows),
      fixed_(rows) {}

void BulkReservoirs::prefetch(uint32_t row) const {
    const Neighbor* own = slots(row);
    for (size_t i = 0; i < capacity_; i += kLine / sizeof(Neighbor)) __builtin_prefetch(own + i, 1);
    __builtin_prefetch(&counts_[row], 1);
}

void BulkReservoirs::offer(uint32_t row, std::span<const Neighbor> neighbors) {
    const auto guard = locks_.lock(row);
    for (const Neighbor neighbor : neighbors) insert(row, neighbor);
}

void BulkReservoirs::insert(uint32_t row, Neighbor neighbor) {
    Neighbor* all = slots(row);
    const size_t count = counts_[row];
    if (count == capacity_ && (fixed_[row] == capacity_ || neighbor >= all[count - 1])) return;
    Neighbor* const first = all + fixed_[row];
    if (std::find(all, first, neighbor) != first) return;
    size_t rest = count - fixed_[row];
    Neighbor* at = first;
    while (rest > 0) {
        const size_t half = rest / 2, step = rest - half;
        at += at[half] < neighbor ? step : 0;
        rest = half;
    }
    Neighbor* const end = all + count;
    if (at != end && *at == neighbor) return;
    const bool is_full = count == capacity_;
    std::memmove(at + 1, at, static_cast<size_t>(end - at - is_full) * sizeof(Neighbor));
    *at = neighbor;
    counts_[row] = static_cast<uint16_t>(count + !is_full);
}

void BulkReservoirs::fix(uint32_t row, std::span<const Neighbor> own) {
    std::copy(own.begin(), own.end(), slots(row));
    counts_[row] = fixed_[row] = static_cast<uint16_t>(own.size());
}

}  // namespace vecq
