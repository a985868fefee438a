// Encodes, decodes and scores matrices of vectors on several threads.
#pragma once

#include "quant/query.hpp"
#include "quant/rows.hpp"

namespace vecq {

// `count` rows of codes and their constants, not owned.
struct CodedRows {
    const std::byte* data;
    const RowConstants* constants;
    size_t count;
};

// Returns the affine of a row for scores. Throws Error naming argument and row if it is not finite.
Affine finite_affine(Metric metric, const RowConstants& constants, const char* argument,
                     size_t row);

// `threads`: 0 for all cores. Errors number rows from `first_row`. Adds to `clipped`, per
// dimension, the number of values beyond the range of a shared scale.
void encode_rows(const Codec& codec, const float* vectors, size_t count, size_t first_row,
                 size_t threads, std::byte* rows, RowConstants* constants, uint64_t* clipped);

// Writes the factors of each row of planes.
void find_plane_factors(const Codec& codec, const CodedRows& rows, size_t threads,
                        PlaneFactors* factors);

void decode_rows(const Codec& codec, const CodedRows& rows, size_t threads, float* vectors);

// Writes scores[q * rows.count + r].
void score_rows(const Codec& codec, Metric metric, int query_bits, const float* queries,
                size_t query_count, const CodedRows& rows, size_t threads, float* scores);

}  // namespace vecq
