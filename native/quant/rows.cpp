// Encodes and decodes rows and derives their constants. Only affine_of and QueryCoder know metrics.
#include "quant/rows.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/half.hpp"
#include "base/vectors.hpp"

namespace vecq {
namespace {

// Steps of a code in the unit of its dots, see base/layout.hpp.
constexpr float steps_per_unit(Width width) {
    if (width == Width::int4) return 1.0F / 16;
    return width == Width::int12 ? 16 : 1;
}

int nibble_of(const std::byte* plane, size_t i) {
    const std::byte pair = plane[i / kPlaneLineCodes * kLine + i % kLine];
    return std::to_integer<int>(i % kPlaneLineCodes < kLine ? pair & std::byte{15} : pair >> 4);
}

// The sum of a code and its offset is not negative, and has a nibble per plane.
constexpr int offset_of(size_t planes) {
    if (planes == 1) return kNibbleOffset;
    return planes == 2 ? kRowOffset : kNibbleOffsets;
}

int code_in_planes(const std::byte* row, size_t planes, size_t count, size_t i) {
    int code = 0;
    for (size_t plane = 0; plane < planes; ++plane)
        code = 16 * code + nibble_of(row + plane * (count / 2), i);
    return code - offset_of(planes);
}

void write_planes(const int16_t* codes, size_t planes, size_t count, std::byte* row) {
    for (size_t plane = 0; plane < planes; ++plane, row += count / 2) {
        const size_t shift = 4 * (planes - 1 - plane);
        const auto nibble = [&](size_t i) { return (codes[i] + offset_of(planes)) >> shift & 15; };
        for (size_t line = 0; line < count; line += kPlaneLineCodes)
            for (size_t i = 0; i < kLine; ++i)
                row[line / 2 + i] =
                    static_cast<std::byte>(nibble(line + i) | nibble(line + kLine + i) << 4);
    }
}

}  // namespace

Affine affine_of(Metric metric, const RowConstants& row) {
    switch (metric) {
        case Metric::ip: return {row.scale, 1};
        case Metric::cosine:
            if (row.norm <= 0) return {0, 0};
            return {row.scale / row.norm,
                    std::min(1 / row.norm, std::numeric_limits<float>::max())};
        case Metric::l2: break;
    }
    return {2 * row.scale, -row.centered_norm * row.centered_norm};
}

void split_into_planes(std::byte* row, size_t bytes) {
    std::vector<int16_t> codes(bytes);
    for (size_t i = 0; i < bytes; ++i)
        codes[i] = static_cast<int16_t>(std::to_integer<int>(row[i]) - kRowOffset);
    write_planes(codes.data(), planes_of(Width::int8_planes), bytes, row);
}

RowConstants RowCoder::encode(const float* vector, size_t row_number, std::byte* row) {
    const Codec& codec = scratch_.codec;
    scratch_.load(vector, row_number, "vectors");
    codec.to_code_space(scratch_.values);
    float scale = 0;
    if (codec.levels() == 0) {
        scale = write_floats(row);
    } else {
        const RoundedCodes rounded = write_integers(row);
        scale = rounded.scale;
        if (codec.mean().empty() && codec.dimension_scales().empty()) {
            const float norm = scale * std::sqrt(rounded.norm2);
            return {scale, norm, norm};
        }
    }
    read_codes(row);
    return constants_of(scale);
}

RoundedCodes RowCoder::write_integers(std::byte* row) {
    const Codec& codec = scratch_.codec;
    const RoundedCodes rounded =
        scratch_.quantize(codec.levels(), codec.shared_scale(), codec.options().unbiased);
    if (codec.width() == Width::int16) {
        std::memcpy(row, scratch_.codes, scratch_.count * sizeof(int16_t));
        return rounded;
    }
    if (const size_t planes = planes_of(codec.width()); planes > 0) {
        write_planes(scratch_.codes, planes, scratch_.count, row);
        const float steps = steps_per_unit(codec.width());
        return {rounded.scale * steps, rounded.norm2 / (steps * steps), rounded.inverse_scale};
    }
    for (size_t i = 0; i < scratch_.count; i += kChunk) {
        Shorts shifted;
        load_chunk(shifted, scratch_.codes + i);
        shifted += int16_t{kRowOffset};
        store_chunk(row + i, __builtin_convertvector(shifted, Bytes));
    }
    return rounded;
}

float RowCoder::write_floats(std::byte* row) {
    const float power = scratch_.normalize_exponent();
    if (scratch_.codec.width() == Width::fp32) {
        std::memcpy(row, scratch_.values, scratch_.count * sizeof(float));
        return power;
    }
    auto* halves = reinterpret_cast<uint16_t*>(row);
    for (size_t i = 0; i < scratch_.count; ++i) halves[i] = float_to_half(scratch_.values[i]);
    return power;
}

// Reads the codes of a row into scratch_.values as floats.
void RowCoder::read_codes(const std::byte* row) {
    const auto read = [&](const auto* codes, auto&& value_of) {
        for (size_t i = 0; i < scratch_.count; ++i) scratch_.values[i] = value_of(codes[i]);
    };
    const auto number = [](auto code) { return static_cast<float>(code); };
    switch (scratch_.codec.width()) {
        case Width::fp32: return read(reinterpret_cast<const float*>(row), number);
        case Width::fp16: return read(reinterpret_cast<const uint16_t*>(row), half_to_float);
        case Width::int16: return read(reinterpret_cast<const int16_t*>(row), number);
        case Width::int8:
            return read(reinterpret_cast<const uint8_t*>(row),
                        [](uint8_t code) { return static_cast<float>(code - kRowOffset); });
        case Width::int12:
        case Width::int8_planes:
        case Width::int4: break;
    }
    const size_t planes = planes_of(scratch_.codec.width());
    const float unit = 1 / steps_per_unit(scratch_.codec.width());
    for (size_t i = 0; i < scratch_.count; ++i)
        scratch_.values[i] =
            unit * static_cast<float>(code_in_planes(row, planes, scratch_.count, i));
}

PlaneFactors RowCoder::plane_factors(const std::byte* row) {
    read_codes(row);
    const std::byte* const middle = row + scratch_.count / 2;
    // The middle of an upper nibble of int8, see base/layout.hpp.
    const int unread = scratch_.codec.width() == Width::int8_planes ? kNibbleOffset : 0;
    double whole = 0, upper = 0, upper_two = 0;
    for (size_t i = 0; i < scratch_.codec.dim(); ++i) {
        const double value = scratch_.values[i];
        const int first = 16 * (nibble_of(row, i) - kNibbleOffset) + unread;
        whole += value * value;
        upper += value * first;
        upper_two += value * (first + nibble_of(middle, i) - kNibbleOffset);
    }
    const auto over = [whole](double part) {
        return part > 0 ? static_cast<float>(whole / part) : 1.0F;
    };
    return {over(upper), over(upper_two)};
}

// Takes the codes in scratch_.values and multiplies them in place by the scales of dimensions.
RowConstants RowCoder::constants_of(float scale) {
    const Codec& codec = scratch_.codec;
    float* values = scratch_.values;
    const std::span<const float> scales = codec.dimension_scales(), mean = codec.mean_weights();
    const double mean_dot_codes = dot_of(mean.data(), values, mean.size());
    for (size_t i = 0; i < scales.size(); ++i) values[i] *= scales[i];
    const double centered_norm = scale * std::sqrt(dot_of(values, values, codec.dim()));
    const double norm2 =
        centered_norm * centered_norm + 2.0 * scale * mean_dot_codes + codec.mean_norm2();
    return {scale, static_cast<float>(centered_norm),
            static_cast<float>(std::sqrt(std::max(norm2, 0.0)))};
}

void RowCoder::decode(const std::byte* row, const RowConstants& constants, float* vector) {
    read_codes(row);
    for (size_t i = 0; i < scratch_.codec.dim(); ++i)
        vector[i] = constants.scale * scratch_.values[i];
    scratch_.codec.from_code_space(vector);
}

}  // namespace vecq
