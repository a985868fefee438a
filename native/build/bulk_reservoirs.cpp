// Merges neighbors into sorted arrays of bounded length.
#include "build/bulk_reservoirs.hpp"

#include <algorithm>

namespace vecq {

BulkReservoirs::BulkReservoirs(size_t rows, size_t capacity)
    : capacity_(capacity),
      rows_(rows * capacity * sizeof(uint32_t)),
      distances_(rows * capacity * sizeof(uint16_t)),
      counts_(rows),
      fixed_(rows) {}

void BulkReservoirs::prefetch(uint32_t row) const {
    const uint32_t* own = rows(row);
    for (size_t i = 0; i < capacity_; i += kLine / sizeof(uint32_t)) __builtin_prefetch(own + i, 1);
    const uint16_t* near = distances(row);
    for (size_t i = 0; i < capacity_; i += kLine / sizeof(uint16_t))
        __builtin_prefetch(near + i, 1);
    __builtin_prefetch(&counts_[row], 1);
}

std::span<const Neighbor> BulkReservoirs::copy(uint32_t row, size_t first, size_t end,
                                               Neighbor* to) const {
    const uint32_t* const own = rows(row) + first;
    const uint16_t* const near = distances(row) + first;
    const size_t count = end - first;
    for (size_t i = 0; i < count; ++i) to[i] = Neighbor{near[i]} << 48 | own[i];
    return {to, count};
}

void BulkReservoirs::store(uint32_t row, size_t first, std::span<const Neighbor> neighbors) {
    uint32_t* const own = rows(row) + first;
    uint16_t* const near = distances(row) + first;
    for (size_t i = 0; i < neighbors.size(); ++i) {
        own[i] = row_of(neighbors[i]);
        near[i] = static_cast<uint16_t>(neighbors[i] >> 48);
    }
}

void BulkReservoirs::offer(uint32_t row, std::span<Neighbor> neighbors) {
    const auto guard = locks_.lock(row);
    const size_t count = counts_[row], fixed = fixed_[row];
    const Neighbor bound = count < capacity_ ? UINT64_MAX : fixed < count ? at(row, count - 1) : 0;
    for (Neighbor& neighbor : neighbors) neighbor = rounded(neighbor);
    const auto useless = [&](Neighbor neighbor) {
        if (neighbor >= bound) return true;
        const uint32_t* const own = rows(row);
        return std::find(own, own + fixed, row_of(neighbor)) != own + fixed;
    };
    auto last = std::remove_if(neighbors.begin(), neighbors.end(), useless);
    if (last == neighbors.begin()) return;
    std::sort(neighbors.begin(), last);
    last = std::unique(neighbors.begin(), last);
    size_t from = fixed;  // the first place that changes
    for (size_t rest = count - fixed; rest > 0;) {
        const size_t half = (rest + 1) / 2;
        if (at(row, from + half - 1) < neighbors.front()) from += half;
        rest -= half;
    }
    Neighbor own[kMaxCandidates], merged[kMaxCandidates];
    const std::span<const Neighbor> behind = copy(row, from, count, own);
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
    store(row, from, {merged, kept});
    counts_[row] = static_cast<uint16_t>(from + kept);
}

void BulkReservoirs::fix(uint32_t row, std::span<const Neighbor> own) {
    store(row, 0, own);
    counts_[row] = fixed_[row] = static_cast<uint16_t>(own.size());
}

}  // namespace vecq
