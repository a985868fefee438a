// Code types for AVX-512 without VNNI: sixteen lanes of 32 bits; bytes widen to 16 bits.

using F32 = VectorOf<float, 64>::Type;
using I32 = VectorOf<uint32_t, 64>::Type;

// Bit i is set if score i is above its bound.
inline uint32_t lanes_above(F32 scores, F32 bounds) {
    return _mm512_cmp_ps_mask((__m512)scores, (__m512)bounds, _CMP_GT_OQ);
}

// Bit i is set unless score i is below its bound: NaN sets it.
inline uint32_t lanes_not_below(F32 scores, F32 bounds) {
    return _mm512_cmp_ps_mask((__m512)scores, (__m512)bounds, _CMP_NLT_UQ);
}

struct Fp32 {
    using RowCode = float;
    using QueryCode = float;
    using PackedCode = float;
    using Sum = F32;
    static constexpr size_t kCodesPerLane = 1;
    static constexpr int32_t kOffset = 0;
    static __m512 load_query(const QueryCode* q) { return _mm512_loadu_ps(q); }
    static __m512 load_packed(const PackedCode* q) { return _mm512_load_ps(q); }
    static __m512 load_row(const RowCode* r) { return _mm512_load_ps(r); }
    static __m512 broadcast(const RowCode* r) { return _mm512_set1_ps(*r); }
    static Sum accumulate(Sum sum, __m512 q, __m512 r) {
        return (Sum)_mm512_fmadd_ps(q, r, (__m512)sum);
    }
};

struct Fp16 : Fp32 {
    using RowCode = uint16_t;
    static __m512 load_row(const RowCode* r) {
        return _mm512_cvtph_ps(_mm256_load_si256((const __m256i*)r));
    }
    static __m512 broadcast(const RowCode* r) {
        return _mm512_cvtph_ps(_mm256_set1_epi16(load<int16_t>(r)));
    }
};

struct Int16 {
    using RowCode = int16_t;
    using QueryCode = int16_t;
    using PackedCode = int16_t;
    using Sum = I32;
    static constexpr size_t kCodesPerLane = 2;
    static constexpr int32_t kOffset = 0;
    static __m512i load_query(const QueryCode* q) { return _mm512_loadu_si512(q); }
    static __m512i load_packed(const PackedCode* q) { return _mm512_load_si512(q); }
    static __m512i load_row(const RowCode* r) { return _mm512_load_si512(r); }
    static __m512i broadcast(const RowCode* r) { return _mm512_set1_epi32(load<int32_t>(r)); }
    static Sum accumulate(Sum sum, __m512i q, __m512i r) {
        return sum + (Sum)_mm512_madd_epi16(q, r);
    }
};

struct Int8 : Int16 {
    using RowCode = uint8_t;
    using QueryCode = int8_t;
    static constexpr int32_t kOffset = kRowOffset;
    static __m512i load_query(const QueryCode* q) {
        return _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i*)q));
    }
    static __m512i load_row(const RowCode* r) {
        return _mm512_cvtepu8_epi16(_mm256_load_si256((const __m256i*)r));
    }
    static __m512i broadcast(const RowCode* r) {
        return _mm512_cvtepu8_epi16(_mm256_set1_epi16(load<int16_t>(r)));
    }
};
