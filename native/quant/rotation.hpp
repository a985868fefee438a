// A seeded random rotation. It spreads what a vector keeps in a few coordinates over all of them,
// so that one scale quantizes every coordinate well; being orthogonal, it changes no dot product.
//
// A round flips random signs and applies a Walsh-Hadamard transform, in p log p additions. Where
// dim is no power of two, p is the largest one below it, and two transforms cover the first and the
// last p coordinates. They may share as little as one coordinate, so the round ends by mixing both
// halves of the vector; two rounds then spread a coordinate evenly to a few percent, for any dim.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace vecq {

class Rotation {
public:
    using Hadamard = void (*)(float* values, size_t size);

    // Equal arguments give equal bits on every platform; dim is at least 1.
    Rotation(size_t dim, uint64_t seed, Hadamard hadamard);

    // In place. Norms up to 1e36 do not overflow on the way.
    void forward(float* vector) const;
    void inverse(float* vector) const;

private:
    Hadamard hadamard_;
    size_t dim_, window_, rounds_;
    // Per transform, for each coordinate of its window: a random sign over the square root of p.
    std::vector<float> signs_;
};

}  // namespace vecq
