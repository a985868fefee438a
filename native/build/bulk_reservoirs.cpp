// Merges neighbors into sorted arrays of bounded length.
#include "build/bulk_reservoirs.hpp"

#include <algorithm>

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

void BulkReservoirs::offer(uint32_t row, std::span<Neighbor> neighbors) {
    const auto guard = locks_.lock(row);
    const size_t count = counts_[row], fixed = fixed_[row];
    Neighbor *const own = slots(row), *const first = own + fixed, *const end = own + count;
    const Neighbor bound = count < capacity_ ? UINT64_MAX : fixed < count ? end[-1] : 0;
    const auto useless = [&](Neighbor neighbor) {
        return neighbor >= bound || std::find(own, first, neighbor) != first;
    };
    auto last = std::remove_if(neighbors.begin(), neighbors.end(), useless);
    if (last == neighbors.begin()) return;
    std::sort(neighbors.begin(), last);
    last = std::unique(neighbors.begin(), last);
    Neighbor* const from = std::lower_bound(first, end, neighbors.front());
    Neighbor merged[kMaxCandidates];
    const Neighbor *a = from, *b = neighbors.data(), *const b_end = b + (last - neighbors.begin());
    const size_t free = capacity_ - static_cast<size_t>(from - own);
    size_t kept = 0;
    // Without branches on the order. Neighbors of both are kept once.
    while (a != end && b != b_end && kept < free) {
        const Neighbor x = *a, y = *b;
        merged[kept++] = std::min(x, y);
        a += x <= y;
        b += y <= x;
    }
    const auto append = [&](const Neighbor* rest, const Neighbor* rest_end) {
        const auto more = std::min(static_cast<size_t>(rest_end - rest), free - kept);
        std::copy_n(rest, more, merged + kept);
        kept += more;
    };
    append(a, end);
    append(b, b_end);
    std::copy_n(merged, kept, from);
    counts_[row] = static_cast<uint16_t>(static_cast<size_t>(from - own) + kept);
}

void BulkReservoirs::fix(uint32_t row, std::span<const Neighbor> own) {
    std::copy(own.begin(), own.end(), slots(row));
    counts_[row] = fixed_[row] = static_cast<uint16_t>(own.size());
}

}  // namespace vecq
