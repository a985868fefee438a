// A score and a node packed in 64 bits, so that candidates sort as integers.
//
// Keys order by score, the best first, then by node. The lowest bit is free for a flag.
#pragma once

#include <bit>
#include <cstdint>

namespace vecq {

using Key = uint64_t;

inline constexpr Key kExpanded = 1;  // flag: the node has been expanded

inline Key key_of(float score, uint32_t node) {
    const auto bits = std::bit_cast<uint32_t>(score);
    // Flips positive floats only: negative ones already order backward, and the best comes first.
    const uint32_t descending = bits ^ (bits >> 31 != 0 ? 0U : 0x7fffffffU);
    return Key{descending} << 32 | node << 1;
}

inline uint32_t node_of(Key key) { return static_cast<uint32_t>(key) >> 1; }

inline float score_of(Key key) {
    const auto descending = static_cast<uint32_t>(key >> 32);
    return std::bit_cast<float>(descending ^ (descending >> 31 != 0 ? 0U : 0x7fffffffU));
}

}  // namespace vecq
