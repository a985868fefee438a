// Vectors to padded rows of codes and back. The same bits on every processor.
#pragma once

#include "quant/scratch.hpp"

namespace vecq {

// What a row keeps beside its codes. Norms are of what the codes decode to.
struct RowConstants {
    float scale;
    float centred_norm;  // without the mean
    float norm;
};

Affine affine_of(Metric metric, const RowConstants& constants);

class RowCoder {
public:
    explicit RowCoder(const Codec& codec) : scratch_(codec) {}

    // Throws Error naming row `number` if the vector is not finite.
    RowConstants encode(const float* vector, size_t number, std::byte* row);
    void decode(const std::byte* row, const RowConstants& constants, float* vector);

    // For each dimension, how many values lay beyond the range of a shared scale, in all rows so far.
    const std::vector<uint64_t>& clipped() const { return scratch_.clipped(); }

private:
    Quantized write_integers(std::byte* row);
    float write_floats(std::byte* row);
    void read_codes(const std::byte* row);
    RowConstants constants_of(float scale);

    Scratch scratch_;
};

}  // namespace vecq
