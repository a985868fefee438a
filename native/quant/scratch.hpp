// Where one thread turns vectors into codes.
#pragma once

#include "base/memory.hpp"
#include "quant/codec.hpp"
#include "quant/quantize.hpp"

namespace vecq {

class Scratch {
public:
    // Refuses a codec that is not fitted; `codec` must outlive this.
    explicit Scratch(const Codec& codec);

    // Copies a vector, padded with 0. Throws Error naming `argument` and row `number` if it is not
    // finite, or too large.
    void load(const float* vector, size_t number, const char* argument);

    // Rounds the values to codes, each of at most `levels`; shared_scale as in Quantizer. Adds to
    // clipped().
    Quantized quantize(int levels, float shared_scale, bool unbiased);
    float take_exponent() { return codec.kernels().take_exponent(values, count); }

    // For each dimension, how many values lay beyond the range of a shared scale.
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
