// Copies vectors into the buffers of a thread, validates them and calls the rounding kernel.
#include "quant/scratch.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/status.hpp"

namespace vecq {
namespace {

// By Cauchy-Schwarz a dot of two int16 vectors of at most this norm fits 32 bits.
constexpr float kMaxInt16Norm = 46340;

// Rounding adds at most half a code per dimension; 16 more cover the rounding of the norm itself.
float int16_norm_bound(size_t dim) {
    return kMaxInt16Norm - std::sqrt(static_cast<float>(dim)) / 2 - 16;
}

}  // namespace

CodecScratch::CodecScratch(const Codec& codec)
    : codec(codec),
      count(padded_codes(codec.width(), codec.dim())),
      memory_(count * (sizeof(float) + sizeof(int16_t))),
      clipped_(count),
      values(memory_.as<float>()),
      codes(reinterpret_cast<int16_t*>(values + count)) {
    if (!codec.is_fitted()) refuse("codec", "codec is not fitted, call fit with a sample first");
}

float largest_magnitude(const float* values, size_t count) {
    // Bit patterns order as magnitudes do, with infinities and NaNs last. Without an early exit the
    // loop vectorizes.
    uint32_t largest = 0;
    for (size_t i = 0; i < count; ++i)
        largest = std::max(largest, std::bit_cast<uint32_t>(values[i]) & 0x7fffffffU);
    return std::bit_cast<float>(largest);
}

void CodecScratch::load(const float* vector, size_t row, const char* argument) {
    const size_t dim = codec.dim();
    std::memcpy(values, vector, dim * sizeof(float));
    std::fill(values + dim, values + count, 0.0F);
    if (!(largest_magnitude(values, count) <= kMaxMagnitude))
        require_finite(vector, dim, dim, row, argument);
}

RoundedCodes CodecScratch::quantize(int levels, float shared_scale, bool unbiased) {
    const float bound = codec.width() == Width::int16 ? int16_norm_bound(codec.dim()) : 0;
    return codec.kernels().quantize({levels, shared_scale, bound, unbiased}, values, count, codes,
                                    clipped_.data());
}

}  // namespace vecq
