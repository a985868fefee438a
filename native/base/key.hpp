// A score and a node in 64 bits that order by score, the best first, then by node. The lowest bit is
// free for a mark.
#pragma once

#include <bit>
#include <cstdint>

namespace vecq {

using Key = uint64_t;

inline constexpr Key kExpanded = 1;

inline Key key_of(float score, uint32_t node) {
    const auto bits = std::bit_cast<uint32_t>(score);
    // Negative floats order backwards, and the best is to come first.
    const uint32_t falling = bits ^ (bits >> 31 != 0 ? 0U : 0x7fffffffU);
    return Key{falling} << 32 | node << 1;
}

inline uint32_t node_of(Key key) { return static_cast<uint32_t>(key) >> 1; }

inline float score_of(Key key) {
    const auto falling = static_cast<uint32_t>(key >> 32);
    return std::bit_cast<float>(falling ^ (falling >> 31 != 0 ? 0U : 0x7fffffffU));
}

}  // namespace vecq
