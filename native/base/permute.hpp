// Reorders elements in place, with memory for one element.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "base/memory.hpp"

namespace vecq {

// A permutation as its cycles: element order[i] moves to place i.
class Permutation {
public:
    explicit Permutation(std::span<const uint32_t> order) : size_(order.size()) {
        std::vector<bool> is_settled(order.size());
        for (uint32_t start = 0; start < order.size(); ++start) {
            if (is_settled[start] || order[start] == start) continue;
            for (uint32_t place = start; !is_settled[place]; place = order[place]) {
                is_settled[place] = true;
                places_.push_back(place);
            }
            ends_.push_back(places_.size());
        }
    }

    size_t size() const { return size_; }

    // Moves elements of `bytes` bytes each.
    void apply(std::byte* elements, size_t bytes) const {
        std::vector<std::byte> saved(bytes);
        const auto at = [=](uint32_t place) { return elements + place * bytes; };
        size_t i = 0;
        for (const size_t end : ends_) {
            std::memcpy(saved.data(), at(places_[i]), bytes);
            for (; i + 1 < end; ++i) {
                prefetch(at(places_[std::min(i + kAhead, places_.size() - 1)]), bytes);
                std::memcpy(at(places_[i]), at(places_[i + 1]), bytes);
            }
            std::memcpy(at(places_[i++]), saved.data(), bytes);
        }
    }
    template <class T>
    void apply(T* elements) const {
        apply(reinterpret_cast<std::byte*>(elements), sizeof(T));
    }

private:
    static constexpr size_t kAhead = 12;
    static constexpr size_t kPrefetchedBytes = 512;

    [[gnu::always_inline]] static void prefetch(const std::byte* element, size_t bytes) {
        for (size_t at = 0; at < std::min(bytes, kPrefetchedBytes); at += kLine)
            __builtin_prefetch(element + at, 1);
    }

    size_t size_;
    std::vector<uint32_t> places_;  // cycle after cycle; each place takes the next one's element
    std::vector<size_t> ends_;      // of the cycles in places_
};

}  // namespace vecq
