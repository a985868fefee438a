// Whole matrices of vectors through a codec, on several threads.
#pragma once

#include "quant/query.hpp"
#include "quant/rows.hpp"

namespace vecq {

// `count` rows of codes and their constants, wherever they live.
struct CodedRows {
    const std::byte* data;
    const RowConstants* constants;
    size_t count;
};

// `threads` is 0 for all cores. Rows are numbered from `first_row` in errors. Adds to `clipped`, for each
// dimension, how many values lay beyond the range of a shared scale.
void encode_rows(const Codec& codec, const float* vectors, size_t count, size_t first_row,
                 size_t threads, std::byte* rows, RowConstants* constants, uint64_t* clipped);

void decode_rows(const Codec& codec, const CodedRows& rows, size_t threads, float* vectors);

// scores[q * rows.count + r]
void score_rows(const Codec& codec, Metric metric, int query_bits, const float* queries,
                size_t query_count, const CodedRows& rows, size_t threads, float* scores);

}  // namespace vecq
