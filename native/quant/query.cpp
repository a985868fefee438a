#include "quant/query.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/status.hpp"
#include "base/vectors.hpp"

namespace vecq {
namespace {

int32_t sum_of_codes(const void* digit, size_t count) {
    const auto* codes = static_cast<const int8_t*>(digit);
    int32_t sum = 0;
    for (size_t i = 0; i < count; ++i) sum += codes[i];
    return sum;
}

}  // namespace

QueryCoder::QueryCoder(const Codec& codec, Metric metric, int bits)
    : scratch_(codec),
      metric_(metric),
      digit_count_(codec.levels() > 0 && bits == 15 ? 2 : 1),
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

// Returns the squared norm of the query in units of its last digit.
template <class Code>
double QueryCoder::write_digits(std::byte* out, const Quantized& coded) const {
    auto* upper = reinterpret_cast<Code*>(out);
    auto* lower = upper + scratch_.count;
    std::copy_n(scratch_.codes, scratch_.count, upper);
    if (digit_count_ == 1) return coded.norm2;
    typedef Code Codes __attribute__((vector_size(kChunk * sizeof(Code))));
    constexpr float pusher = 0x1.8p23F;  // pushes all fractional bits out
    Doubles norm2 = {};
    for (size_t i = 0; i < scratch_.count; i += kChunk) {
        Shorts coarse;
        Floats value;
        load_chunk(coarse, scratch_.codes + i);
        load_chunk(value, scratch_.values + i);
        const Floats rounded = __builtin_convertvector(coarse, Floats);
        const Floats rest = (value * coded.inverse - rounded) * kDigitBase;
        const Floats fine = (rest + pusher) - pusher;
        store_chunk(lower + i, __builtin_convertvector(fine, Codes));
        const Doubles whole = __builtin_convertvector(rounded * kDigitBase + fine, Doubles);
        norm2 += whole * whole;
    }
    return sum_of<double>(norm2);
}

EncodedQuery QueryCoder::encode(const float* vector, size_t number, std::byte* out) {
    const Codec& codec = scratch_.codec;
    scratch_.load(vector, number, "queries");
    EncodedQuery query = to_query_space(number);
    query.digit_count = digit_count_;
    for (size_t d = 0; d < digit_count_; ++d) query.digits[d] = {out + d * digit_bytes_, 0};
    if (codec.levels() == 0) {
        query.scale = scratch_.take_exponent();
        std::memcpy(out, scratch_.values, digit_bytes_);
        return query;
    }
    const bool fine = digit_count_ == 2, int8 = codec.width() == Width::int8;
    const Quantized coded = scratch_.quantize(codec.levels(), 0, !fine);
    const double norm2 =
        int8 ? write_digits<int8_t>(out, coded) : write_digits<int16_t>(out, coded);
    query.scale = fine ? coded.scale / kDigitBase : coded.scale;
    if (int8)
        for (size_t d = 0; d < digit_count_; ++d)
            query.digits[d].sum = sum_of_codes(query.digits[d].codes, scratch_.count);
    // Of the decoded query, so that a vector is at distance 0 from its own codes.
    if (metric_ == Metric::l2 && codec.dimension_scales().empty())
        query.offset = static_cast<float>(-norm2 * query.scale * query.scale);
    return query;
}

}  // namespace vecq
