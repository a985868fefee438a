// Code types for SSE4.1: four lanes of 32 bits.
//
// Bytes widen to 16 bits because pmaddubsw can saturate.

using F32 = VectorOf<float, 16>::Type;
using I32 = VectorOf<uint32_t, 16>::Type;

// Bit i is set if score i is above its bound.
inline uint32_t lanes_above(F32 scores, F32 bounds) {
    return static_cast<uint32_t>(_mm_movemask_ps(_mm_cmpgt_ps((__m128)scores, (__m128)bounds)));
}

// Bit i is set unless score i is below its bound: NaN sets it.
inline uint32_t lanes_not_below(F32 scores, F32 bounds) {
    return static_cast<uint32_t>(_mm_movemask_ps(_mm_cmpnlt_ps((__m128)scores, (__m128)bounds)));
}

struct Fp32 {
    using RowCode = float;
    using QueryCode = float;
    using PackedCode = float;
    using Sum = F32;
    static constexpr size_t kCodesPerLane = 1;
    static constexpr int32_t kOffset = 0;
    static __m128 load_query(const QueryCode* q) { return _mm_loadu_ps(q); }
    static __m128 load_packed(const PackedCode* q) { return _mm_load_ps(q); }
    static __m128 load_row(const RowCode* r) { return _mm_load_ps(r); }
    static __m128 broadcast(const RowCode* r) { return _mm_set1_ps(*r); }
    static Sum accumulate(Sum sum, __m128 q, __m128 r) { return sum + (Sum)_mm_mul_ps(q, r); }
};

struct Fp16 : Fp32 {
    using RowCode = uint16_t;
    static __m128 load_row(const RowCode* r) {
        return widen(_mm_cvtepu16_epi32(_mm_loadl_epi64((const __m128i*)r)));
    }
    static __m128 broadcast(const RowCode* r) { return widen(_mm_set1_epi32(*r)); }

private:
    // half_to_float of base/half.hpp for four values.
    static __m128 widen(__m128i half) {
        const __m128i infinity = _mm_set1_epi32(0x7c00 << 13),
                      exponent = _mm_set1_epi32(0xff << 23);
        const __m128i magnitude = _mm_slli_epi32(_mm_and_si128(half, _mm_set1_epi32(0x7fff)), 13);
        const __m128i sign = _mm_slli_epi32(_mm_and_si128(half, _mm_set1_epi32(0x8000)), 16);
        const __m128i special = _mm_cmpgt_epi32(infinity, magnitude);
        const __m128i value = (__m128i)((__m128)magnitude * _mm_set1_ps(0x1p112F));
        const __m128i endless = _mm_or_si128(magnitude, exponent);
        return (__m128)_mm_or_si128(_mm_blendv_epi8(endless, value, special), sign);
    }
};

struct Int16 {
    using RowCode = int16_t;
    using QueryCode = int16_t;
    using PackedCode = int16_t;
    using Sum = I32;
    static constexpr size_t kCodesPerLane = 2;
    static constexpr int32_t kOffset = 0;
    static __m128i load_query(const QueryCode* q) { return _mm_loadu_si128((const __m128i*)q); }
    static __m128i load_packed(const PackedCode* q) { return _mm_load_si128((const __m128i*)q); }
    static __m128i load_row(const RowCode* r) { return _mm_load_si128((const __m128i*)r); }
    static __m128i broadcast(const RowCode* r) { return _mm_set1_epi32(load<int32_t>(r)); }
    static Sum accumulate(Sum sum, __m128i q, __m128i r) { return sum + (Sum)_mm_madd_epi16(q, r); }
};

struct Int8 : Int16 {
    using RowCode = uint8_t;
    using QueryCode = int8_t;
    static constexpr int32_t kOffset = kRowOffset;
    static __m128i load_query(const QueryCode* q) {
        return _mm_cvtepi8_epi16(_mm_loadl_epi64((const __m128i*)q));
    }
    static __m128i load_row(const RowCode* r) {
        return _mm_cvtepu8_epi16(_mm_loadl_epi64((const __m128i*)r));
    }
    static __m128i broadcast(const RowCode* r) {
        return _mm_cvtepu8_epi16(_mm_set1_epi16(load<int16_t>(r)));
    }
    // Block products widen rows once.
    using Wide = Int16;
    static void widen(const RowCode* r, int16_t* to) {
        _mm_store_si128((__m128i*)to, _mm_sub_epi16(load_row(r), _mm_set1_epi16(kRowOffset)));
    }
};

// Products of nibbles of a plane, see planes.inl.hpp. Sums of 16 products of a line fit 16 bits.
struct Nibbles {
    using Vector = __m128i;
    using Words = __m128i;
    static Vector load_codes(const int8_t* query) { return _mm_loadu_si128((const __m128i*)query); }
    static Words add(Words words, Vector nibbles, Vector codes) {
        return _mm_add_epi16(words, _mm_maddubs_epi16(nibbles, codes));
    }
    static I32 total(Words words) { return (I32)_mm_madd_epi16(words, _mm_set1_epi16(1)); }
};

// Without 64-bit minima and maxima, beams merge offers, see graph/beam.inl.hpp.
struct KeyVectors {
    static constexpr size_t kMaxKeys = 0;
};
