// The bodies of QuantizeKernels, compiled once per instruction set in its namespace.

inline float largest_magnitude(const float* values, size_t count) {
    Ints largest = {};  // bit patterns: they order as the magnitudes do
    for (size_t i = 0; i < count; i += kChunk) {
        Ints magnitude;
        load_chunk(magnitude, values + i);
        magnitude &= 0x7fffffff;
        largest = magnitude > largest ? magnitude : largest;
    }
    int32_t all = 0;
    for (size_t i = 0; i < kChunk; ++i) all = std::max(all, largest[i]);
    return std::bit_cast<float>(all);
}

template <bool Clamp>
[[gnu::always_inline]] inline void scale_and_clamp(Floats& values, float inverse, float limit) {
    values *= inverse;
    if constexpr (Clamp) {
        const Floats top = Floats{} + limit;
        values = values > top ? top : values;
        values = values < -top ? -top : values;
    }
}

// Rounds to nearest, ties to even: adding 1.5 * 2^23 leaves no fractional bits.
[[gnu::always_inline]] inline void round_to_even(Floats& steps) {
    constexpr float no_fraction = 0x1.8p23F;
    steps = (steps + no_fraction) - no_fraction;
}

template <bool Clamp>
inline float norm_before_rounding(const float* values, size_t count, float inverse, float limit) {
    Floats squares = {};
    for (size_t i = 0; i < count; i += kChunk) {
        Floats steps;
        load_chunk(steps, values + i);
        scale_and_clamp<Clamp>(steps, inverse, limit);
        squares += steps * steps;
    }
    return std::sqrt(sum_of<float>(squares));
}

struct RoundingSums {
    float value_norm2, value_dot_code, code_norm2;
};

template <bool Clamp>
inline RoundingSums round_to_codes(const float* values, size_t count, float inverse, float limit,
                                   int16_t* codes) {
    Floats value_norm2 = {}, value_dot_code = {}, code_norm2 = {};
    for (size_t i = 0; i < count; i += kChunk) {
        Floats value;
        load_chunk(value, values + i);
        Floats code = value;
        scale_and_clamp<Clamp>(code, inverse, limit);
        round_to_even(code);
        store_chunk(codes + i,
                    __builtin_convertvector(__builtin_convertvector(code, Ints), Shorts));
        value_norm2 += value * value;
        value_dot_code += value * code;
        code_norm2 += code * code;
    }
    return {sum_of<float>(value_norm2), sum_of<float>(value_dot_code), sum_of<float>(code_norm2)};
}

inline void count_clipped(const float* values, size_t count, float inverse, float limit,
                          uint64_t* clipped) {
    if (largest_magnitude(values, count) * inverse <= limit + 0.5F) return;
    for (size_t i = 0; i < count; ++i) clipped[i] += std::fabs(values[i] * inverse) > limit + 0.5F;
}

inline float normalize_exponent(float* values, size_t count) {
    const float largest = largest_magnitude(values, count);
    if (largest == 0) return 0;
    const int exponent = std::ilogb(largest);
    // Multiplies in two steps because the inverse of the power may overflow float32.
    const float first = std::ldexp(1.0F, -exponent / 2);
    const float second = std::ldexp(1.0F, -exponent + exponent / 2);
    for (size_t i = 0; i < count; ++i) values[i] = values[i] * first * second;
    return std::ldexp(1.0F, exponent);
}

// Returns the factor, at most 1, that brings the norm of the codes down to the bound.
template <bool Clamp>
inline float norm_bound_factor(const RoundingOptions& options, const float* values, size_t count,
                               float inverse) {
    if (options.norm_bound <= 0) return 1;
    const auto limit = static_cast<float>(options.levels);
    const float norm = norm_before_rounding<Clamp>(values, count, inverse, limit);
    return norm > options.norm_bound ? options.norm_bound / norm : 1;
}

inline RoundedCodes quantize_shared(const RoundingOptions& options, const float* values,
                                    size_t count, int16_t* codes, uint64_t* clipped) {
    const auto limit = static_cast<float>(options.levels);
    const float inverse = 1 / options.shared_scale;
    count_clipped(values, count, inverse, limit, clipped);
    // Scales the clamping limit as well, so that clipped codes become smaller too.
    const float factor = norm_bound_factor<true>(options, values, count, inverse);
    const RoundingSums sums =
        round_to_codes<true>(values, count, inverse * factor, limit * factor, codes);
    return {options.shared_scale / factor, sums.code_norm2, inverse * factor};
}

inline RoundedCodes quantize(const RoundingOptions& options, float* values, size_t count,
                             int16_t* codes, uint64_t* clipped) {
    if (options.shared_scale > 0) return quantize_shared(options, values, count, codes, clipped);
    float largest = largest_magnitude(values, count), power = 1;
    if (largest == 0) {
        std::fill_n(codes, count, int16_t{0});
        return {};
    }
    // Keeps squares of values within the range of float32.
    if (largest < 0x1p-40F || largest > 0x1p40F) {
        power = normalize_exponent(values, count);
        largest = largest_magnitude(values, count);
    }
    const auto limit = static_cast<float>(options.levels);
    const float inverse =
        limit / largest * norm_bound_factor<false>(options, values, count, limit / largest);
    const RoundingSums sums = round_to_codes<false>(values, count, inverse, limit, codes);
    const float scale = options.unbiased ? sums.value_norm2 / sums.value_dot_code : 1 / inverse;
    return {scale * power, sums.code_norm2, inverse};
}
