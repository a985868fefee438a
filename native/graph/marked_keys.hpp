// The keys of a beam: as those of base/key.hpp, and their lowest bit marks expanded nodes.
//
// The mark takes the place of the highest bit of the node, which is 0 in all but the largest
// graphs. There it takes that of the last bit of the score, which is then read as the lower of its
// values. In both layouts a key is the bits of the score, plus twice the node, plus the mark.
#pragma once

#include <cstddef>

#include "base/key.hpp"

namespace vecq {

class MarkedKeys {
public:
    static constexpr Key kMark = 1;

    // The largest graphs of which keys hold whole scores.
    static constexpr size_t kMaxExactNodes = size_t{1} << 31;

    MarkedKeys() = default;
    // Keys of nodes below `nodes`.
    explicit MarkedKeys(size_t nodes) : dropped_(nodes > kMaxExactNodes ? 1 : 0) {}

    // The bits of a score that keys lack: 0, or the last one.
    uint32_t dropped() const { return dropped_; }

    Key key_of(float score, uint32_t node) const {
        return Key{falling_bits(score) & ~dropped_} << 32 | Key{node} << 1;
    }
    uint32_t node_of(Key key) const {
        return static_cast<uint32_t>(key >> 1) & (0x7fffffffU | dropped_ << 31);
    }
    float score_of(Key key) const { return score_of_bits(bits_of(key)); }
    // The same score and node as a plain key. Keeps the order of keys.
    Key plain(Key key) const { return Key{bits_of(key)} << 32 | node_of(key); }

private:
    uint32_t bits_of(Key key) const { return static_cast<uint32_t>(key >> 32) | dropped_; }

    uint32_t dropped_ = 0;
};

}  // namespace vecq
