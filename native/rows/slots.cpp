// Moves rows between the states visible, stray, free and taken.
#include "rows/slots.hpp"

#include <algorithm>
#include <functional>

namespace vecq {
namespace {

void reserve_by_half(std::vector<uint32_t>& rows, size_t count) {
    if (count > rows.capacity())
        rows.reserve(std::max(count, rows.capacity() + rows.capacity() / 2));
}

}  // namespace

void Slots::reserve(size_t rows, size_t vacated) {
    reserve_by_half(stray_, stray_.size() + vacated);
    if (vacated == 0 && !tracks()) return;
    const bool is_first = !tracks();
    const size_t bits = rows + 1;
    // Grows taken_ first, because tracks() tests visible_.
    taken_.grow(bits, ~uint64_t{0});
    visible_.grow(bits);
    if (is_first) visible_.fill(0, extent_, true);
}

void Slots::show(uint32_t row) {
    ++version_;
    if (row < extent_)
        --vacant_;
    else
        ++extent_;
    if (!tracks()) return;
    visible_.set(row);
    taken_.set(row);
}

void Slots::hide(uint32_t row) {
    ++version_;
    visible_.clear(row);
    ++vacant_;
}

void Slots::vacate(uint32_t row) {
    taken_.clear(row);
    stray_.push_back(row);
}

void Slots::free_stray() {
    reserve_by_half(free_, free_.size() + stray_.size());
    free_.insert(free_.end(), stray_.begin(), stray_.end());
    stray_.clear();
    std::sort(free_.begin(), free_.end(), std::greater<>());
}

uint32_t Slots::take() {
    const uint32_t row = free_.back();
    free_.pop_back();
    taken_.set(row);
    return row;
}

std::vector<uint32_t> Slots::vacant() const {
    std::vector<uint32_t> all = stray_;
    all.insert(all.end(), free_.begin(), free_.end());
    std::sort(all.begin(), all.end());
    return all;
}

void Slots::restore(size_t extent, std::span<const uint32_t> vacant) {
    extent_ = extent;
    ++version_;
    reserve(extent, vacant.size());
    for (const uint32_t row : vacant) {
        hide(row);
        vacate(row);
    }
}

}  // namespace vecq
