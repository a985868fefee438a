#include "quant/query.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/status.hpp"
#include "base/vectors.hpp"

namespace vecq {
namespace {

// Codes of two digits are 128 * upper + lower with the lower in -64..63; this is the largest whose
// upper digit fits a byte.
constexpr int kTwoDigitLevels = 127 * 128 + 63;

Query digit(const int8_t* codes, size_t count) {
    int32_t sum = 0;
    for (size_t i = 0; i < count; ++i) sum += codes[i];
    return {codes, sum};
}

}  // namespace

QueryCoder::QueryCoder(const Codec& codec, Metric metric, int bits)
    : scratch_(codec),
      metric_(metric),
      digit_count_(codec.width() == Width::int8 && bits == 15 ? 2 : 1),
      digit_bytes_(scratch_.count * query_code_bytes(codec.width())) {}

// What remains of the score once the dot of the codes is known: under ip and cosine the mean's part,
// under l2 minus the query's own squared norm.
EncodedQuery QueryCoder::to_query_space(size_t number) {
    const Codec& codec = scratch_.codec;
    float* values = scratch_.values;
    const std::span<const float> mean = codec.mean();
    EncodedQuery query{};
    if (metric_ == Metric::cosine) {
        const double norm = std::sqrt(dot_of(values, values, codec.dim()));
        for (size_t i = 0; i < codec.dim() && norm > 0; ++i)
            values[i] = static_cast<float>(values[i] / norm);
    }
    if (metric_ == Metric::l2) {
        for (size_t i = 0; i < mean.size(); ++i) values[i] -= mean[i];
        query.bias = 1;
        query.offset = static_cast<float>(-dot_of(values, values, codec.dim()));
        if (!std::isfinite(query.offset))
            refuse("queries", "queries has a squared norm beyond float32 in row " +
                                  std::to_string(number) + ", scale the data down");
    } else {
        query.bias = static_cast<float>(dot_of(mean.data(), values, mean.size()));
    }
    codec.to_query_space(values);
    for (size_t i = 0; i < codec.dim(); ++i)
        if (!std::isfinite(values[i]))
            refuse("queries", "queries times the scales of dimensions is beyond float32 in row " +
                                  std::to_string(number) + ", scale the data down");
    return query;
}

void QueryCoder::write_digits(std::byte* out, EncodedQuery& query) const {
    const size_t count = scratch_.count;
    const int16_t* codes = scratch_.codes;
    auto* upper = reinterpret_cast<int8_t*>(out);
    auto* lower = upper + count;
    if (digit_count_ == 1) {
        std::copy_n(codes, count, upper);
    } else {
        for (size_t i = 0; i < count; ++i) {
            upper[i] = static_cast<int8_t>((codes[i] + 64) >> 7);
            lower[i] = static_cast<int8_t>(codes[i] - 128 * upper[i]);
        }
        query.digits[1] = digit(lower, count);
    }
    query.digits[0] = digit(upper, count);
}

EncodedQuery QueryCoder::encode(const float* vector, size_t number, std::byte* out) {
    const Codec& codec = scratch_.codec;
    scratch_.load(vector, number, "queries");
    EncodedQuery query = to_query_space(number);
    query.digit_count = digit_count_;
    query.digits[0] = {out, 0};
    if (codec.levels() == 0) {
        query.scale = scratch_.take_exponent();
        std::memcpy(out, scratch_.values, digit_bytes_);
        return query;
    }
    const int levels = digit_count_ == 1 ? codec.levels() : kTwoDigitLevels;
    const Quantized coded = scratch_.quantize(levels, 0);
    query.scale = coded.scale;
    // Of the decoded query, so that a vector is at distance 0 from its own codes.
    if (metric_ == Metric::l2 && codec.dimension_scales().empty())
        query.offset = -coded.scale * coded.scale * coded.norm2;
    if (codec.width() == Width::int16)
        std::memcpy(out, scratch_.codes, digit_bytes_);
    else
        write_digits(out, query);
    return query;
}

}  // namespace vecq
