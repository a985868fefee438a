// Per-thread buffers in which vectors become codes, shared by RowCoder and QueryCoder.
#pragma once

#include "base/memory.hpp"
#include "quant/codec.hpp"
#include "quant/quantize.hpp"

namespace vecq {

// Returns the largest magnitude of values; infinity or NaN if they hold one.
float largest_magnitude(const float* values, size_t count);

class CodecScratch {
public:
    // Throws Error if the codec is not fitted. `codec` must outlive this.
    explicit CodecScratch(const Codec& codec);

    // Copies a vector to `values` and pads it with 0. Throws Error naming `argument` and `row` if a
    // value is not finite or exceeds kMaxMagnitude.
    void load(const float* vector, size_t row, const char* argument);

    // Rounds `values` to `codes`, options as in RoundingOptions, and updates clipped().
    RoundedCodes quantize(int levels, float shared_scale, bool unbiased);
    float normalize_exponent() { return codec.kernels().normalize_exponent(values, count); }

    // Per dimension, the number of values outside the range of the shared scale so far.
    const std::vector<uint64_t>& clipped() const { return clipped_; }

    const Codec& codec;
    const size_t count;  // codes in a padded row

private:
    Memory memory_;
    std::vector<uint64_t> clipped_;

public:
    float* const values;
    int16_t* const codes;
};

}  // namespace vecq
