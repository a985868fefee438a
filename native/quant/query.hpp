// Queries to codes, with a scale of their own. The same bits on every processor.
#pragma once

#include "quant/scratch.hpp"

namespace vecq {

// How much finer the second digit of a query is. It codes what rounding left over, at most half a
// code, and so stays within +-64.
inline constexpr float kDigitBase = 128;

// A query ready for scoring, higher being better under every metric (l2: minus the squared distance):
//     score = a * (scale * dot) + (bias * c + offset)       a, c of the row, see affine_of
//     dot = digits[0] . row, or with two digits 128 * (digits[0] . row) + digits[1] . row
struct EncodedQuery {
    Query digits[2];
    size_t digit_count;
    float scale, bias, offset;
};

// The query by its upper digit alone: fine enough to walk and to scan by.
inline EncodedQuery coarsened(EncodedQuery query) {
    if (query.digit_count == 1) return query;
    query.digit_count = 1;
    query.scale *= kDigitBase;
    return query;
}

class QueryCoder {
public:
    // `bits` 15 are two digits, of 8 bits for int8 rows and of 16 for int16; `bits` 8 is one.
    QueryCoder(const Codec& codec, Metric metric, int bits);

    size_t digit_count() const { return digit_count_; }
    size_t dim() const { return scratch_.codec.dim(); }
    // Bytes of the codes of one query.
    size_t bytes() const { return digit_bytes_ * digit_count_; }

    // The codes go to `out`, which must outlive what is returned. Throws Error naming row `number`
    // if the vector is not finite, or too long for its squared norm to be.
    EncodedQuery encode(const float* vector, size_t number, std::byte* out);

private:
    EncodedQuery to_query_space(size_t number);
    template <class Code>
    double write_digits(std::byte* out, const Quantized& coded) const;

    Scratch scratch_;
    Metric metric_;
    size_t digit_count_, digit_bytes_;
};

}  // namespace vecq
