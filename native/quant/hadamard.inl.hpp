// The Walsh-Hadamard transform, not normalised; its own inverse but for the factor `size`. Every
// output is the same tree of additions however wide the registers are.

// Each pair of lanes `Stride` apart becomes its sum and its difference.
template <size_t Stride, size_t... I>
[[gnu::always_inline]] inline void cross_lanes(Floats& values, std::index_sequence<I...>) {
    constexpr Floats signs = {(I & Stride ? -1.0F : 1.0F)...};
    values = __builtin_shufflevector(values, values, (I ^ Stride)...) + values * signs;
}

[[gnu::always_inline]] inline void cross_chunk(float* at) {
    constexpr std::make_index_sequence<kChunk> lanes;
    Floats values;
    load_chunk(values, at);
    cross_lanes<1>(values, lanes);
    cross_lanes<2>(values, lanes);
    cross_lanes<4>(values, lanes);
    cross_lanes<8>(values, lanes);
    store_chunk(at, values);
}

// Pairs `near` apart.
inline void cross_far(float* values, size_t size, size_t near) {
    for (float* at = values; at < values + size; at += 2 * near)
        for (size_t i = 0; i < near; ++i) {
            const float a = at[i], b = at[i + near];
            at[i] = a + b;
            at[i + near] = a - b;
        }
}

// Pairs `near` and then 2 * near apart, in one pass over memory.
inline void cross_far_twice(float* values, size_t size, size_t near) {
    for (float* at = values; at < values + size; at += 4 * near)
        for (float* a = at; a < at + near; a += kChunk) {
            float *b = a + near, *c = b + near, *d = c + near;
            Floats va, vb, vc, vd;
            load_chunk(va, a);
            load_chunk(vb, b);
            load_chunk(vc, c);
            load_chunk(vd, d);
            const Floats ab = va + vb, ba = va - vb, cd = vc + vd, dc = vc - vd;
            store_chunk(a, ab + cd);
            store_chunk(b, ba + dc);
            store_chunk(c, ab - cd);
            store_chunk(d, ba - dc);
        }
}

// `size` is a power of two.
inline void hadamard(float* values, size_t size) {
    size_t near = 1;
    if (size >= kChunk) {
        for (float* at = values; at < values + size; at += kChunk) cross_chunk(at);
        near = kChunk;
        for (; near * 4 <= size; near *= 4) cross_far_twice(values, size, near);
    }
    for (; near < size; near *= 2) cross_far(values, size, near);
}
