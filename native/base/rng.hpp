// Seeded random numbers, the same on every platform and in every version.
//
// Saved files depend on them, and distributions of the standard library differ between platforms.
#pragma once

#include <cstdint>

namespace vecq {

// splitmix64: a counter and a mixing function, so that every seed is equally good.
class Random {
public:
    explicit Random(uint64_t seed) : state_(seed) {}

    // A generator seeded with this value continues the sequence.
    uint64_t state() const { return state_; }

    uint64_t next() {
        state_ += 0x9e3779b97f4a7c15U;
        uint64_t bits = state_;
        bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9U;
        bits = (bits ^ bits >> 27) * 0x94d049bb133111ebU;
        return bits ^ bits >> 31;
    }

    // Uniform in [0, 1), in steps of 2^-53.
    double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

    // Uniform in [0, n), n > 0. Rejects draws below 2^64 mod n, which would bias the result.
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
