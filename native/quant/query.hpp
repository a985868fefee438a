// Encodes queries with one scale per query, the same bits on every processor.
//
// A query for integer rows has one part, its codes, or two: the low part codes the rounding error
// of the high part in steps 128 times finer. For int8 and int12 rows the parts are the high and low
// byte of a 15-bit query.
#pragma once

#include "quant/scratch.hpp"

namespace vecq {

// Weight of the high part. The low part codes a rounding error of at most half a step, so its codes
// stay within +-64.
inline constexpr float kHighPartWeight = 128;

// A query ready for scoring. Higher scores are better under every metric (l2: minus the squared
// distance):
//     score = a * (scale * dot) + (bias * c + offset)       a, c of the row, see affine_of
//     dot = parts[0] . row, or with both parts 128 * (parts[0] . row) + parts[1] . row
// Where rows have biases, `item_bias_weight` times the row's bias is added.
struct EncodedQuery {
    Query parts[2];  // high, low
    size_t part_count;
    float scale, bias, offset;
    float item_bias_weight = 0;
};

// Returns the query reduced to its high part, which walks and scans score with.
inline EncodedQuery high_part_query(EncodedQuery query) {
    if (query.part_count == 1) return query;
    query.part_count = 1;
    query.scale *= kHighPartWeight;
    return query;
}

class QueryCoder {
public:
    // `bits` is 15 for a high and a low part, 8 for one part; floating rows always have one. Parts
    // are int8 for int8 and int12 rows and int16 for int16 rows.
    QueryCoder(const Codec& codec, Metric metric, int bits);

    size_t part_count() const { return part_count_; }
    size_t dim() const { return scratch_.codec.dim(); }
    // Bytes that encode() writes.
    size_t bytes() const { return part_bytes_ * part_count_; }

    // Writes the codes to `out`, to which the returned query points. Throws Error naming `row` if
    // the vector is not finite or its squared norm (l2) or scaled values overflow float32.
    EncodedQuery encode(const float* vector, size_t row, std::byte* out);

private:
    EncodedQuery to_query_space(size_t row);
    template <class Code>
    double write_parts(std::byte* out, const RoundedCodes& rounded) const;

    CodecScratch scratch_;
    Metric metric_;
    size_t part_count_, part_bytes_;
};

}  // namespace vecq
