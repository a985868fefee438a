// A seeded random rotation that spreads a vector's energy evenly over its coordinates.
//
// One scale then quantizes every coordinate well; being orthogonal, the rotation changes no dot
// product. A round flips random signs and applies a Walsh-Hadamard transform in p log p additions.
// If dim is not a power of two, p is the largest one below it and two transforms cover the first
// and the last p coordinates. These windows may overlap in a single coordinate, so the round ends
// by mixing both halves of the vector. Two such rounds spread a coordinate evenly to within a few
// percent, for any dim.
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

    // In place. Norms up to 1e36 do not overflow.
    void forward(float* vector) const;
    void inverse(float* vector) const;

private:
    Hadamard hadamard_;
    size_t dim_, window_, rounds_;
    // Per transform and coordinate of its window: a random sign divided by the square root of p.
    std::vector<float> signs_;
};

}  // namespace vecq
