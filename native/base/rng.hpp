// Seeded random numbers that are the same on every platform and in every version: saved files
// depend on them, and the standard library's distributions are free to differ.
#pragma once

#include <cstdint>

namespace vecq {

// splitmix64: a counter and a mixer, so that any seed is a good one.
class Random {
public:
    explicit Random(uint64_t seed) : state_(seed) {}

    // A generator that is made from it goes on where this one is.
    uint64_t state() const { return state_; }

    uint64_t next() {
        state_ += 0x9e3779b97f4a7c15U;
        uint64_t bits = state_;
        bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9U;
        bits = (bits ^ bits >> 27) * 0x94d049bb133111ebU;
        return bits ^ bits >> 31;
    }

    // In [0, 1), in steps of 2^-53.
    double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

    // In [0, n), n > 0. Draws below 2^64 mod n are repeated, or some results would be favoured.
    uint64_t below(uint64_t n) {
        const uint64_t surplus = (0 - n) % n;
        uint64_t bits = next();
        while (bits < surplus) bits = next();
        return bits % n;
    }

private:
    uint64_t state_;
};

}  // namespace vecq
