// The Walsh-Hadamard transform, not normalized: the mixing step of the random rotation.
//
// Applied twice it multiplies by `size`. Additions form the same tree at every register width, so
// every instruction set gives the same bits.

// Replaces each pair of lanes `Stride` apart by its sum and its difference.
template <size_t Stride, size_t... I>
[[gnu::always_inline]] inline void butterfly_lanes(Floats& values, std::index_sequence<I...>) {
    constexpr Floats signs = {(I & Stride ? -1.0F : 1.0F)...};
    values = __builtin_shufflevector(values, values, (I ^ Stride)...) + values * signs;
}

[[gnu::always_inline]] inline void butterfly_chunk(float* at) {
    constexpr std::make_index_sequence<kChunk> lanes;
    Floats values;
    load_chunk(values, at);
    butterfly_lanes<1>(values, lanes);
    butterfly_lanes<2>(values, lanes);
    butterfly_lanes<4>(values, lanes);
    butterfly_lanes<8>(values, lanes);
    store_chunk(at, values);
}

// One stage: pairs `stride` apart.
inline void butterfly_stage(float* values, size_t size, size_t stride) {
    for (float* at = values; at < values + size; at += 2 * stride)
        for (size_t i = 0; i < stride; ++i) {
            const float a = at[i], b = at[i + stride];
            at[i] = a + b;
            at[i + stride] = a - b;
        }
}

// Two stages in one pass over memory: pairs `stride` apart, then pairs 2 * stride apart.
inline void butterfly_stage_pair(float* values, size_t size, size_t stride) {
    for (float* at = values; at < values + size; at += 4 * stride)
        for (float* a = at; a < at + stride; a += kChunk) {
            float *b = a + stride, *c = b + stride, *d = c + stride;
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
    size_t stride = 1;
    if (size >= kChunk) {
        for (float* at = values; at < values + size; at += kChunk) butterfly_chunk(at);
        stride = kChunk;
        for (; stride * 4 <= size; stride *= 4) butterfly_stage_pair(values, size, stride);
    }
    for (; stride < size; stride *= 2) butterfly_stage(values, size, stride);
}
