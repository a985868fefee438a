// Tests half precision conversions: all halves round-trip, and rounding is to nearest even.
#include "base/half.hpp"

#include <cmath>
#include <limits>

#include "check.hpp"

using vecq::float_to_half;
using vecq::half_to_float;

TEST(half_survives_the_round_trip) {
    for (uint32_t bits = 0; bits < 0x10000; ++bits) {
        const auto half = static_cast<uint16_t>(bits);
        const float value = half_to_float(half);
        if (std::isnan(value))
            CHECK((bits & 0x7c00) == 0x7c00 && (bits & 0x3ff) != 0, bits);
        else
            CHECK(float_to_half(value) == half, bits, value);
    }
}

TEST(half_values) {
    CHECK(half_to_float(0x3c00) == 1.0F);
    CHECK(half_to_float(0x0001) == 0x1p-24F);
    CHECK(half_to_float(0x7bff) == 65504.0F);
    CHECK(half_to_float(0xfc00) == -std::numeric_limits<float>::infinity());
    CHECK(std::signbit(half_to_float(0x8000)));
}

TEST(half_rounds_to_nearest_even) {
    CHECK(float_to_half(1.0F + 0x1p-11F) == 0x3c00);
    CHECK(float_to_half(1.0F + 3 * 0x1p-11F) == 0x3c02);
    CHECK(float_to_half(65519.0F) == 0x7bff);
    CHECK(float_to_half(65520.0F) == 0x7c00);
    CHECK(float_to_half(1e30F) == 0x7c00);
    CHECK(float_to_half(0x1p-25F) == 0);
    CHECK(float_to_half(3 * 0x1p-25F) == 2);
    CHECK(float_to_half(-1e-30F) == 0x8000);
    CHECK((float_to_half(std::nanf("")) & 0x7fff) > 0x7c00);
}
