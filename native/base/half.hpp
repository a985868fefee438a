// Conversions to and from IEEE half precision without hardware support.
#pragma once

#include <bit>
#include <cstdint>

namespace vecq {

inline float half_to_float(uint16_t half) {
    const uint32_t magnitude = uint32_t{half & 0x7fffU} << 13;
    // Multiplying by 2^112 corrects the exponent bias, also for subnormal halves.
    float value = std::bit_cast<float>(magnitude) * 0x1p112F;
    if (magnitude >= 0x7c00U << 13) value = std::bit_cast<float>(magnitude | 0x7f800000U);
    return std::bit_cast<float>(std::bit_cast<uint32_t>(value) | uint32_t{half & 0x8000U} << 16);
}

// Rounds to nearest, ties to even; overflows to infinity.
inline uint16_t float_to_half(float value) {
    const uint32_t bits = std::bit_cast<uint32_t>(value);
    const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000U);
    const uint32_t magnitude = bits & 0x7fffffffU;
    if (magnitude > 0x7f800000U) return sign | 0x7e00U;
    if (magnitude >= 0x47800000U) return sign | 0x7c00U;
    if (magnitude < 0x38800000U) {
        // Adding 0.5 aligns the subnormal half with the low bits, and the addition rounds it.
        const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
        return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(shifted) - 0x3f000000U));
    }
    const uint32_t rounded = magnitude + 0xfffU + (magnitude >> 13 & 1U);
    return static_cast<uint16_t>(sign | ((rounded - 0x38000000U) >> 13));
}

}  // namespace vecq
