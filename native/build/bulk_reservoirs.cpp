// Merges neighbors into sorted arrays of bounded length.
#include "build/bulk_reservoirs.hpp"

#include <algorithm>

namespace vecq {

BulkReservoirs::BulkReservoirs(size_t slab_rows, size_t capacity)
    : capacity_(capacity),
      rows_(slab_rows * capacity * sizeof(uint32_t)),
      distances_(slab_rows * capacity * sizeof(uint16_t)),
      counts_(slab_rows) {}

void BulkReservoirs::begin_slab(size_t first) {
    first_ = first;
    std::fill(counts_.begin(), counts_.end(), uint16_t{0});
}

void BulkReservoirs::prefetch(uint32_t row) const {
    const size_t at = row - first_;
    const uint32_t* own = rows(at);
    for (size_t i = 0; i < capacity_; i += kLine / sizeof(uint32_t)) __builtin_prefetch(own + i, 1);
    const uint16_t* near = distances(at);
    for (size_t i = 0; i < capacity_; i += kLine / sizeof(uint16_t))
        __builtin_prefetch(near + i, 1);
    __builtin_prefetch(&counts_[at], 1);
}

void BulkReservoirs::prefetch_front(uint32_t row) const {
    const size_t at = row - first_;
    __builtin_prefetch(rows(at), 1);
    __builtin_prefetch(distances(at), 1);
    __builtin_prefetch(&counts_[at], 1);
}

std::span<const Neighbor> BulkReservoirs::copy(size_t at, size_t first, Neighbor* to) const {
    const size_t count = counts_[at] - first;
    for (size_t i = 0; i < count; ++i) to[i] = nth(at, first + i);
    return {to, count};
}

void BulkReservoirs::store(size_t at, size_t first, std::span<const Neighbor> neighbors) {
    uint32_t* const own = rows(at) + first;
    uint16_t* const near = distances(at) + first;
    for (size_t i = 0; i < neighbors.size(); ++i) {
        own[i] = row_of(neighbors[i]);
        near[i] = static_cast<uint16_t>(neighbors[i] >> 48);
    }
}

void BulkReservoirs::offer(uint32_t row, std::span<Neighbor> neighbors) {
    const auto guard = locks_.lock(row);
    const size_t at = row - first_, count = counts_[at];
    const Neighbor bound = count < capacity_ ? UINT64_MAX : nth(at, count - 1);
    for (Neighbor& neighbor : neighbors) neighbor = rounded(neighbor);
    auto last = std::remove_if(neighbors.begin(), neighbors.end(),
                               [&](Neighbor neighbor) { return neighbor >= bound; });
    if (last == neighbors.begin()) return;
    std::sort(neighbors.begin(), last);
    last = std::unique(neighbors.begin(), last);
    size_t from = 0;  // the first place that changes
    for (size_t rest = count; rest > 0;) {
        const size_t half = (rest + 1) / 2;
        if (nth(at, from + half - 1) < neighbors.front()) from += half;
        rest -= half;
    }
    Neighbor own[kMaxCandidates], merged[kMaxCandidates];
    const std::span<const Neighbor> behind = copy(at, from, own);
    const Neighbor *a = own, *const end = own + behind.size();
    const Neighbor *b = neighbors.data(), *const b_end = b + (last - neighbors.begin());
    const size_t free = capacity_ - from;
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
    store(at, from, {merged, kept});
    counts_[at] = static_cast<uint16_t>(from + kept);
}

}  // namespace vecq
