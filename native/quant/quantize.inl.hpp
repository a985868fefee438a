// The bodies of QuantizeKernels.

inline float largest_magnitude(const float* values, size_t count) {
    Ints largest = {};  // as bits: magnitudes order the same way
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
[[gnu::always_inline]] inline void to_steps(Floats& values, float inverse, float limit) {
    values *= inverse;
    if constexpr (Clamp) {
        const Floats top = Floats{} + limit;
        values = values > top ? top : values;
        values = values < -top ? -top : values;
    }
}

// To the nearest, ties to even: adding the pusher pushes all fractional bits out.
[[gnu::always_inline]] inline void round_steps(Floats& steps) {
    constexpr float pusher = 0x1.8p23F;
    steps = (steps + pusher) - pusher;
}

template <bool Clamp>
inline float norm_of_steps(const float* values, size_t count, float inverse, float limit) {
    Floats squares = {};
    for (size_t i = 0; i < count; i += kChunk) {
        Floats steps;
        load_chunk(steps, values + i);
        to_steps<Clamp>(steps, inverse, limit);
        squares += steps * steps;
    }
    return std::sqrt(sum_of<float>(squares));
}

struct Sums {
    float own, along, norm2;  // <values, values>, <values, codes>, <codes, codes>
};

template <bool Clamp>
inline Sums round_all(const float* values, size_t count, float inverse, float limit,
                      int16_t* codes) {
    Floats own = {}, along = {}, norm2 = {};
    for (size_t i = 0; i < count; i += kChunk) {
        Floats value;
        load_chunk(value, values + i);
        Floats code = value;
        to_steps<Clamp>(code, inverse, limit);
        round_steps(code);
        store_chunk(codes + i,
                    __builtin_convertvector(__builtin_convertvector(code, Ints), Shorts));
        own += value * value;
        along += value * code;
        norm2 += code * code;
    }
    return {sum_of<float>(own), sum_of<float>(along), sum_of<float>(norm2)};
}

inline void count_clipped(const float* values, size_t count, float inverse, float limit,
                          uint64_t* clipped) {
    if (largest_magnitude(values, count) * inverse <= limit + 0.5F) return;
    for (size_t i = 0; i < count; ++i) clipped[i] += std::fabs(values[i] * inverse) > limit + 0.5F;
}

inline float take_exponent(float* values, size_t count) {
    const float largest = largest_magnitude(values, count);
    if (largest == 0) return 0;
    const int exponent = std::ilogb(largest);
    // The inverse of the power may be beyond float32: two steps.
    const float first = std::ldexp(1.0F, -exponent / 2);
    const float second = std::ldexp(1.0F, -exponent + exponent / 2);
    for (size_t i = 0; i < count; ++i) values[i] = values[i] * first * second;
    return std::ldexp(1.0F, exponent);
}

// What to multiply the steps with where the codes would be longer than the bound.
template <bool Clamp>
inline float shrinking(const Quantizer& how, const float* values, size_t count, float inverse) {
    if (how.norm_bound <= 0) return 1;
    const auto limit = static_cast<float>(how.levels);
    const float norm = norm_of_steps<Clamp>(values, count, inverse, limit);
    return norm > how.norm_bound ? how.norm_bound / norm : 1;
}

inline Quantized quantize_shared(const Quantizer& how, const float* values, size_t count,
                                 int16_t* codes, uint64_t* clipped) {
    const auto limit = static_cast<float>(how.levels);
    const float inverse = 1 / how.shared_scale;
    count_clipped(values, count, inverse, limit, clipped);
    // The limit shrinks as well: what is clipped must become shorter, too.
    const float factor = shrinking<true>(how, values, count, inverse);
    const Sums sums = round_all<true>(values, count, inverse * factor, limit * factor, codes);
    return {how.shared_scale / factor, sums.norm2, inverse * factor};
}

inline Quantized quantize(const Quantizer& how, float* values, size_t count, int16_t* codes,
                          uint64_t* clipped) {
    if (how.shared_scale > 0) return quantize_shared(how, values, count, codes, clipped);
    float largest = largest_magnitude(values, count), unit = 1;
    if (largest == 0) {
        std::fill_n(codes, count, int16_t{0});
        return {};
    }
    // Squares of the values must neither overflow nor vanish.
    if (largest < 0x1p-40F || largest > 0x1p40F) {
        unit = take_exponent(values, count);
        largest = largest_magnitude(values, count);
    }
    const auto limit = static_cast<float>(how.levels);
    const float inverse = limit / largest * shrinking<false>(how, values, count, limit / largest);
    const Sums sums = round_all<false>(values, count, inverse, limit, codes);
    const float scale = how.unbiased ? sums.own / sums.along : 1 / inverse;
    return {scale * unit, sums.norm2, inverse};
}
