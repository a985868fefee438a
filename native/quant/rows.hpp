// Encodes vectors as padded rows of codes and decodes them, the same bits on every processor.
#pragma once

#include "quant/scratch.hpp"

namespace vecq {

// Constants stored per row in addition to its codes. Norms are those of the decoded row.
struct RowConstants {
    float scale;
    float centered_norm;  // of the decoded row minus the mean
    float norm;
};

// The a and c of the row in the score, see EncodedQuery.
Affine affine_of(Metric metric, const RowConstants& constants);

// <row, row> over <row, its upper planes>: times the factor of a row, dots with its upper plane or
// its upper two are unbiased. Two planes of two are the row: their factor is 1.
struct PlaneFactors {
    float upper, upper_two;
};

// Rewrites an int8 row as an int8_planes row, which has the same length.
void split_into_planes(std::byte* row, size_t bytes);

class RowCoder {
public:
    explicit RowCoder(const Codec& codec) : scratch_(codec) {}

    // Throws Error naming `row_number` if the vector is not finite.
    RowConstants encode(const float* vector, size_t row_number, std::byte* row);
    void decode(const std::byte* row, const RowConstants& constants, float* vector);

    // Per dimension, the number of values outside the range of the shared scale, over all rows
    // encoded so far.
    const std::vector<uint64_t>& clipped() const { return scratch_.clipped(); }

    // Takes a row of planes.
    PlaneFactors plane_factors(const std::byte* row);

private:
    RoundedCodes write_integers(std::byte* row);
    float write_floats(std::byte* row);
    void read_codes(const std::byte* row);
    RowConstants constants_of(float scale);

    CodecScratch scratch_;
};

}  // namespace vecq
