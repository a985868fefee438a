#include "quant/scratch.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/status.hpp"

namespace vecq {
namespace {

// With int16 codes of at most this norm on both sides every dot fits 32 bits (Cauchy-Schwarz).
constexpr float kInt16Norm = 46340;

// Rounding adds at most half a code per dimension; 16 more are room for the rounding of the norm.
float int16_norm_bound(size_t dim) {
    return kInt16Norm - std::sqrt(static_cast<float>(dim)) / 2 - 16;
}

}  // namespace

Scratch::Scratch(const Codec& codec)
    : codec(codec),
      count(padded_codes(codec.width(), codec.dim())),
      memory_(count * (sizeof(float) + sizeof(int16_t))),
      clipped_(count),
      values(memory_.as<float>()),
      codes(reinterpret_cast<int16_t*>(values + count)) {
    if (!codec.fitted()) refuse("codec", "codec is not fitted, call fit with a sample first");
}

void Scratch::load(const float* vector, size_t number, const char* argument) {
    const size_t dim = codec.dim();
    std::memcpy(values, vector, dim * sizeof(float));
    std::fill(values + dim, values + count, 0.0F);
    // As bits magnitudes order the same way, infinities and NaNs last; no early exit, so that this
    // stays quick.
    uint32_t worst = 0;
    for (size_t i = 0; i < count; ++i)
        worst = std::max(worst, std::bit_cast<uint32_t>(values[i]) & 0x7fffffffU);
    if (worst > std::bit_cast<uint32_t>(kLargestValue))
        require_numbers(vector, dim, dim, number, argument);
}

Quantized Scratch::quantize(int levels, float shared_scale, bool unbiased) {
    const float bound = codec.width() == Width::int16 ? int16_norm_bound(codec.dim()) : 0;
    return codec.kernels().quantize({levels, shared_scale, bound, unbiased}, values, count, codes,
                                    clipped_.data());
}

}  // namespace vecq
