// Code types for AVX2: eight lanes of 32 bits.
//
// Bytes widen to 16 bits because vpmaddubsw can saturate.

using F32 = VectorOf<float, 32>::Type;
using I32 = VectorOf<uint32_t, 32>::Type;

// Bit i is set if score i is above its bound.
inline uint32_t lanes_above(F32 scores, F32 bounds) {
    const __m256 better = _mm256_cmp_ps((__m256)scores, (__m256)bounds, _CMP_GT_OQ);
    return static_cast<uint32_t>(_mm256_movemask_ps(better));
}

// Bit i is set unless score i is below its bound: NaN sets it.
inline uint32_t lanes_not_below(F32 scores, F32 bounds) {
    const __m256 kept = _mm256_cmp_ps((__m256)scores, (__m256)bounds, _CMP_NLT_UQ);
    return static_cast<uint32_t>(_mm256_movemask_ps(kept));
}

// Bits of 64 values in a range, see compare.inl.hpp.
inline uint64_t range_word(const float* values, float low, float high) {
    const __m256 lows = _mm256_set1_ps(low), highs = _mm256_set1_ps(high);
    uint64_t word = 0;
    for (size_t i = 0; i < 64; i += 8) {
        const __m256 own = _mm256_loadu_ps(values + i);
        const __m256 inside = _mm256_and_ps(_mm256_cmp_ps(own, lows, _CMP_GE_OQ),
                                            _mm256_cmp_ps(own, highs, _CMP_LE_OQ));
        word |= uint64_t{static_cast<uint32_t>(_mm256_movemask_ps(inside))} << i;
    }
    return word;
}

inline uint64_t range_word(const int64_t* values, int64_t low, int64_t high) {
    const __m256i lows = _mm256_set1_epi64x(low), highs = _mm256_set1_epi64x(high);
    uint64_t word = 0;
    for (size_t i = 0; i < 64; i += 4) {
        const __m256i own = _mm256_loadu_si256((const __m256i*)(values + i));
        const __m256i outside =
            _mm256_or_si256(_mm256_cmpgt_epi64(lows, own), _mm256_cmpgt_epi64(own, highs));
        const int bits = _mm256_movemask_pd((__m256d)outside);
        word |= uint64_t{static_cast<uint32_t>(~bits & 0xf)} << i;
    }
    return word;
}

inline uint64_t range_word(const uint8_t* values, uint8_t low, uint8_t high) {
    const __m256i lows = _mm256_set1_epi8(static_cast<char>(low));
    const __m256i highs = _mm256_set1_epi8(static_cast<char>(high));
    uint64_t word = 0;
    for (size_t i = 0; i < 64; i += 32) {
        const __m256i own = _mm256_loadu_si256((const __m256i*)(values + i));
        const __m256i inside =
            _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_max_epu8(own, lows), own),
                             _mm256_cmpeq_epi8(_mm256_min_epu8(own, highs), own));
        word |= uint64_t{static_cast<uint32_t>(_mm256_movemask_epi8(inside))} << i;
    }
    return word;
}

struct Fp32 {
    using RowCode = float;
    using QueryCode = float;
    using PackedCode = float;
    using Sum = F32;
    static constexpr size_t kCodesPerLane = 1;
    static constexpr int32_t kOffset = 0;
    static __m256 load_query(const QueryCode* q) { return _mm256_loadu_ps(q); }
    static __m256 load_packed(const PackedCode* q) { return _mm256_load_ps(q); }
    static __m256 load_row(const RowCode* r) { return _mm256_load_ps(r); }
    static __m256 broadcast(const RowCode* r) { return _mm256_set1_ps(*r); }
    static Sum accumulate(Sum sum, __m256 q, __m256 r) {
        return (Sum)_mm256_fmadd_ps(q, r, (__m256)sum);
    }
};

struct Fp16 : Fp32 {
    using RowCode = uint16_t;
    static __m256 load_row(const RowCode* r) {
        return _mm256_cvtph_ps(_mm_load_si128((const __m128i*)r));
    }
    static __m256 broadcast(const RowCode* r) {
        return _mm256_cvtph_ps(_mm_set1_epi16(load<int16_t>(r)));
    }
};

struct Int16 {
    using RowCode = int16_t;
    using QueryCode = int16_t;
    using PackedCode = int16_t;
    using Sum = I32;
    static constexpr size_t kCodesPerLane = 2;
    static constexpr int32_t kOffset = 0;
    static __m256i load_query(const QueryCode* q) { return _mm256_loadu_si256((const __m256i*)q); }
    static __m256i load_packed(const PackedCode* q) { return _mm256_load_si256((const __m256i*)q); }
    static __m256i load_row(const RowCode* r) { return _mm256_load_si256((const __m256i*)r); }
    static __m256i broadcast(const RowCode* r) { return _mm256_set1_epi32(load<int32_t>(r)); }
    static Sum accumulate(Sum sum, __m256i q, __m256i r) {
        return sum + (Sum)_mm256_madd_epi16(q, r);
    }
};

struct Int8 : Int16 {
    using RowCode = uint8_t;
    using QueryCode = int8_t;
    static constexpr int32_t kOffset = kRowOffset;
    static __m256i load_query(const QueryCode* q) {
        return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i*)q));
    }
    static __m256i load_row(const RowCode* r) {
        return _mm256_cvtepu8_epi16(_mm_load_si128((const __m128i*)r));
    }
    static __m256i broadcast(const RowCode* r) {
        return _mm256_cvtepu8_epi16(_mm_set1_epi16(load<int16_t>(r)));
    }
    // Block products widen rows once.
    using Wide = Int16;
    static void widen(const RowCode* r, int16_t* to) {
        _mm256_store_si256((__m256i*)to,
                           _mm256_sub_epi16(load_row(r), _mm256_set1_epi16(kRowOffset)));
    }
};

// Products of nibbles of a plane, see planes.inl.hpp. Sums of 8 products of a line fit 16 bits.
struct Nibbles {
    using Vector = __m256i;
    using Words = __m256i;
    static Vector load_codes(const int8_t* query) {
        return _mm256_loadu_si256((const __m256i*)query);
    }
    static Words add(Words words, Vector nibbles, Vector codes) {
        return _mm256_add_epi16(words, _mm256_maddubs_epi16(nibbles, codes));
    }
    static I32 total(Words words) { return (I32)_mm256_madd_epi16(words, _mm256_set1_epi16(1)); }
};

// Without 64-bit minima and maxima, beams merge offers, see graph/beam.inl.hpp.
struct KeyVectors {
    static constexpr size_t kMaxKeys = 0;
};
