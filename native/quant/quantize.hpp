// The step from numbers to integer codes. Compiled once per instruction set by the engines, always
// with the same order of additions: the codes are the same, bit for bit, on every processor.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vecq {

struct Quantizer {
    int levels;          // codes are -levels..levels
    float shared_scale;  // what a code stands for; 0: chosen for each vector by its largest value
    float norm_bound;    // of the codes; 0: none
    bool unbiased;  // choose the vector's own scale so that <vector, decoded> = <vector, vector>
};

struct Quantized {
    float scale;    // what a code stands for
    float norm2;    // the squared norm of the codes
    float inverse;  // times the values, as they are left, gives the codes before rounding
};

struct QuantizeKernels {
    // `values` and `codes` hold `count` numbers, whole chunks; values may be rescaled in place.
    // `clipped` counts, for each of them, how often it was beyond the range of a shared scale.
    Quantized (*quantize)(const Quantizer& how, float* values, size_t count, int16_t* codes,
                          uint64_t* clipped);

    // Divides the values in place by the power of two that makes the largest at least 1 and below 2,
    // and returns it; 0 if all are 0. Exact, but for values that vanish beside the largest.
    float (*take_exponent)(float* values, size_t count);

    // The Walsh-Hadamard transform of a power of two of values, not normalised.
    void (*hadamard)(float* values, size_t size);
};

}  // namespace vecq
