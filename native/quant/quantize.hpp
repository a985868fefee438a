// Kernels that round numbers to integer codes, compiled once per instruction set by the engines.
// All of them add in the same order, so codes are the same bits on every processor.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vecq {

struct RoundingOptions {
    int levels;          // codes are -levels..levels
    float shared_scale;  // value of a code step; 0: each vector's largest value sets its scale
    float norm_bound;    // largest norm of the codes; 0: unbounded
    bool unbiased;       // choose a vector's own scale so that <vector, decoded> = <vector, vector>
};

struct RoundedCodes {
    float scale;          // value of a code step
    float norm2;          // squared norm of the codes
    float inverse_scale;  // times the values left in place gives the codes before rounding
};

struct QuantizeKernels {
    // `count` is a multiple of kChunk. May rescale `values` in place. Increments clipped[i] if
    // value i is outside the range of the shared scale.
    RoundedCodes (*quantize)(const RoundingOptions& options, float* values, size_t count,
                             int16_t* codes, uint64_t* clipped);

    // Divides `values` in place by the power of two that brings the largest magnitude into [1, 2),
    // and returns that power; 0 if all values are 0. Exact except for values that underflow.
    float (*normalize_exponent)(float* values, size_t count);

    // The Walsh-Hadamard transform, not normalized; `size` is a power of two.
    void (*hadamard)(float* values, size_t size);
};

}  // namespace vecq
