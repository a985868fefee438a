// A score and a node packed in 64 bits, so that candidates sort as integers: by score, the best
// first, then by node.
#pragma once

#include <bit>
#include <cstdint>

namespace vecq {

using Key = uint64_t;

// Returns bits that fall as scores rise. Flips positive floats only: negative ones already order
// backward.
inline uint32_t falling_bits(float score) {
    const auto bits = std::bit_cast<uint32_t>(score);
    return bits ^ (bits >> 31 != 0 ? 0U : 0x7fffffffU);
}

inline float score_of_bits(uint32_t falling) {
    return std::bit_cast<float>(falling ^ (falling >> 31 != 0 ? 0U : 0x7fffffffU));
}

inline Key key_of(float score, uint32_t node) { return Key{falling_bits(score)} << 32 | node; }

inline uint32_t node_of(Key key) { return static_cast<uint32_t>(key); }

inline float score_of(Key key) { return score_of_bits(static_cast<uint32_t>(key >> 32)); }

}  // namespace vecq
