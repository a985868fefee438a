// Maps a query to code space, rounds it and derives the affine terms of its scores.
#include "quant/query.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/status.hpp"
#include "base/vectors.hpp"

namespace vecq {
namespace {

int32_t sum_of_codes(const void* part, size_t count) {
    const auto* codes = static_cast<const int8_t*>(part);
    int32_t sum = 0;
    for (size_t i = 0; i < count; ++i) sum += codes[i];
    return sum;
}

}  // namespace

QueryCoder::QueryCoder(const Codec& codec, Metric metric, int bits)
    : scratch_(codec),
      metric_(metric),
      part_count_(codec.levels() > 0 && bits == 15 ? 2 : 1),
      part_bytes_(scratch_.count * query_code_bytes(codec.width())) {}

// Returns the terms of the score besides the dot of codes: <mean, query> under ip and cosine, minus
// the squared norm of the query under l2.
EncodedQuery QueryCoder::to_query_space(size_t row) {
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
                                  std::to_string(row) + ", scale the data down");
    } else {
        query.bias = static_cast<float>(dot_of(mean.data(), values, mean.size()));
    }
    codec.to_query_space(values);
    if (!std::isfinite(largest_magnitude(values, codec.dim())))
        refuse("queries", "queries times the scales of dimensions is beyond float32 in row " +
                              std::to_string(row) + ", scale the data down");
    return query;
}

// Returns the squared norm of the query in steps of its last part.
template <class Code>
double QueryCoder::write_parts(std::byte* out, const RoundedCodes& rounded) const {
    auto* high = reinterpret_cast<Code*>(out);
    auto* low = high + scratch_.count;
    std::copy_n(scratch_.codes, scratch_.count, high);
    if (part_count_ == 1) return rounded.norm2;
    typedef Code Codes __attribute__((vector_size(kChunk * sizeof(Code))));
    constexpr float no_fraction = 0x1.8p23F;  // adding it leaves no fractional bits
    Doubles norm2 = {};
    for (size_t i = 0; i < scratch_.count; i += kChunk) {
        Shorts codes;
        Floats values;
        load_chunk(codes, scratch_.codes + i);
        load_chunk(values, scratch_.values + i);
        const Floats high_codes = __builtin_convertvector(codes, Floats);
        const Floats error = (values * rounded.inverse_scale - high_codes) * kHighPartWeight;
        const Floats low_codes = (error + no_fraction) - no_fraction;
        store_chunk(low + i, __builtin_convertvector(low_codes, Codes));
        const Doubles both =
            __builtin_convertvector(high_codes * kHighPartWeight + low_codes, Doubles);
        norm2 += both * both;
    }
    return sum_of<double>(norm2);
}

EncodedQuery QueryCoder::encode(const float* vector, size_t row, std::byte* out) {
    const Codec& codec = scratch_.codec;
    scratch_.load(vector, row, "queries");
    EncodedQuery query = to_query_space(row);
    query.part_count = part_count_;
    for (size_t d = 0; d < part_count_; ++d) query.parts[d] = {out + d * part_bytes_, 0};
    if (codec.levels() == 0) {
        query.scale = scratch_.normalize_exponent();
        std::memcpy(out, scratch_.values, part_bytes_);
        return query;
    }
    const bool has_low = part_count_ == 2, has_bytes = codec.has_byte_queries();
    const RoundedCodes rounded = scratch_.quantize(codec.query_levels(), 0, !has_low);
    const double norm2 =
        has_bytes ? write_parts<int8_t>(out, rounded) : write_parts<int16_t>(out, rounded);
    query.scale = has_low ? rounded.scale / kHighPartWeight : rounded.scale;
    if (has_bytes)
        for (size_t d = 0; d < part_count_; ++d)
            query.parts[d].sum = sum_of_codes(query.parts[d].codes, scratch_.count);
    // The norm is that of the decoded query, so that a vector is at distance 0 from its own codes.
    if (metric_ == Metric::l2 && codec.dimension_scales().empty())
        query.offset = static_cast<float>(-norm2 * query.scale * query.scale);
    return query;
}

}  // namespace vecq
