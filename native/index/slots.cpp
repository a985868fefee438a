#include "index/slots.hpp"

#include <algorithm>
#include <functional>

namespace vecq {
namespace {

// Room for so many, growing by a half.
template <class T>
void make_room(std::vector<T>& elements, size_t count) {
    if (count > elements.capacity())
        elements.reserve(std::max(count, elements.capacity() + elements.capacity() / 2));
}

}  // namespace

void Slots::reserve(size_t rows, size_t vacated) {
    make_room(stray_, stray_.size() + vacated);
    const size_t words = rows / 64 + 1;
    if ((vacated == 0 && !tracks()) || words <= shown_.size()) return;
    make_room(shown_, words);
    make_room(taken_, words);
    const bool first = !tracks();
    const size_t room = std::min(shown_.capacity(), taken_.capacity());
    shown_.resize(room);
    taken_.resize(room, ~uint64_t{0});
    if (!first) return;
    for (uint32_t row = 0; row < extent_; ++row) set(shown_, row);
}

void Slots::show(uint32_t row) {
    if (row < extent_)
        --vacant_;
    else
        ++extent_;
    if (!tracks()) return;
    set(shown_, row);
    set(taken_, row);
}

void Slots::hide(uint32_t row) {
    unset(shown_, row);
    ++vacant_;
}

void Slots::vacate(uint32_t row) {
    unset(taken_, row);
    stray_.push_back(row);
}

void Slots::sweep() {
    make_room(free_, free_.size() + stray_.size());
    free_.insert(free_.end(), stray_.begin(), stray_.end());
    stray_.clear();
    std::sort(free_.begin(), free_.end(), std::greater<>());
}

uint32_t Slots::put() {
    const uint32_t row = free_.back();
    free_.pop_back();
    set(taken_, row);
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
    reserve(extent, vacant.size());
    for (const uint32_t row : vacant) {
        hide(row);
        vacate(row);
    }
}

}  // namespace vecq
