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

// See engine/bulk.inl.hpp.
inline size_t write_at_most(F32 bound, const uint32_t* keys, uint32_t* to) {
    size_t count = 0;
    for (size_t q = 0; q < kBlockQueries; q += 16) {
        const __m512i some = _mm512_loadu_si512(keys + q);
        const __mmask16 marked =
            _mm512_cmp_ps_mask(_mm512_castsi512_ps(some), (__m512)bound, _CMP_LE_OQ);
        _mm512_storeu_si512(to + count, _mm512_maskz_compress_epi32(marked, some));
        count += static_cast<size_t>(std::popcount(uint32_t{marked}));
    }
    return count;
}

// Bits of 64 values in a range, see compare.inl.hpp.
inline uint64_t range_word(const float* values, float low, float high) {
    const __m512 lows = _mm512_set1_ps(low), highs = _mm512_set1_ps(high);
    uint64_t word = 0;
    for (size_t i = 0; i < 64; i += 16) {
        const __m512 own = _mm512_loadu_ps(values + i);
        const __mmask16 above = _mm512_cmp_ps_mask(own, lows, _CMP_GE_OQ);
        word |= uint64_t{_mm512_mask_cmp_ps_mask(above, own, highs, _CMP_LE_OQ)} << i;
    }
    return word;
}

inline uint64_t range_word(const int64_t* values, int64_t low, int64_t high) {
    const __m512i lows = _mm512_set1_epi64(low), highs = _mm512_set1_epi64(high);
    uint64_t word = 0;
    for (size_t i = 0; i < 64; i += 8) {
        const __m512i own = _mm512_loadu_si512(values + i);
        const __mmask8 above = _mm512_cmpge_epi64_mask(own, lows);
        word |= uint64_t{_mm512_mask_cmple_epi64_mask(above, own, highs)} << i;
    }
    return word;
}

inline uint64_t range_word(const uint8_t* values, uint8_t low, uint8_t high) {
    const __m512i own = _mm512_loadu_si512(values);
    const __mmask64 above = _mm512_cmpge_epu8_mask(own, _mm512_set1_epi8(static_cast<char>(low)));
    return _mm512_mask_cmple_epu8_mask(above, own, _mm512_set1_epi8(static_cast<char>(high)));
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
    // Block products widen rows once.
    using Wide = Int16;
    static void widen(const RowCode* r, int16_t* to) {
        _mm512_store_si512(to, _mm512_sub_epi16(load_row(r), _mm512_set1_epi16(kRowOffset)));
    }
};

// Products of nibbles of a plane, see planes.inl.hpp. Sums of 4 products of a line fit 16 bits.
struct Nibbles {
    using Vector = __m512i;
    using Words = __m512i;
    static Vector load_codes(const int8_t* query) { return _mm512_loadu_si512(query); }
    static Words add(Words words, Vector nibbles, Vector codes) {
        return _mm512_add_epi16(words, _mm512_maddubs_epi16(nibbles, codes));
    }
    static I32 total(Words words) { return (I32)_mm512_madd_epi16(words, _mm512_set1_epi16(1)); }
};

// Sorted keys, see graph/beam.inl.hpp. Inserting a key into a sorted vector is
// `new[i] = min(old[i], max(old[i - 1], key))`: no search, no sort, no branch.
struct KeyVectors {
    static constexpr size_t kMaxKeys = 512;

    static size_t pack(uint32_t mask, const float* scores, uint32_t dropped, const uint32_t* nodes,
                       uint64_t* keys) {
        const __m512i bits = _mm512_load_si512(scores), all = _mm512_loadu_si512(nodes);
        const __mmask16 positive = _knot_mask16(_mm512_movepi32_mask(bits));
        const __m512i falling = _mm512_andnot_si512(
            _mm512_set1_epi32(static_cast<int32_t>(dropped)),
            _mm512_mask_xor_epi32(bits, positive, bits, _mm512_set1_epi32(0x7fffffff)));
        const __m512i low = join(_mm512_castsi512_si256(falling), _mm512_castsi512_si256(all));
        const __m512i high =
            join(_mm512_extracti64x4_epi64(falling, 1), _mm512_extracti64x4_epi64(all, 1));
        const __m512i none = _mm512_set1_epi64(-1);
        const auto low_count = static_cast<size_t>(std::popcount(mask & 0xff));
        for (size_t at = 0; at < 24; at += 8) _mm512_store_si512(keys + at, none);
        _mm512_storeu_si512(keys,
                            _mm512_mask_compress_epi64(none, static_cast<__mmask8>(mask), low));
        _mm512_storeu_si512(keys + low_count, _mm512_mask_compress_epi64(
                                                  none, static_cast<__mmask8>(mask >> 8), high));
        return static_cast<size_t>(std::popcount(mask));
    }

    static size_t merge(uint64_t* sorted, size_t vectors, const uint64_t* keys, size_t count) {
        const uint64_t best = *std::min_element(keys, keys + count);
        size_t first = 0;
        while (first < vectors && sorted[8 * first + 7] < best) ++first;
        size_t i = 0;
        for (; i + 2 < count; i += 4) merge_some<4>(sorted, first, vectors, keys + i);
        if (i + 1 < count)
            merge_some<2>(sorted, first, vectors, keys + i);
        else if (i < count)
            merge_some<1>(sorted, first, vectors, keys + i);
        return 8 * first;
    }

    static size_t first_unexpanded(const uint64_t* sorted, size_t from, size_t vectors) {
        const __m512i expanded = _mm512_set1_epi64(1);
        for (size_t i = from / 8; i < vectors; ++i) {
            const __mmask8 open =
                _mm512_testn_epi64_mask(_mm512_load_si512(sorted + 8 * i), expanded);
            if (open != 0) return 8 * i + static_cast<size_t>(std::countr_zero(unsigned{open}));
        }
        return 8 * vectors;
    }

    // Stores a whole vector: the next load of it need not wait.
    static void mark_expanded(uint64_t* sorted, size_t at) {
        uint64_t* const vector = sorted + at / 8 * 8;
        const auto lane = static_cast<__mmask8>(1U << at % 8);
        const __m512i keys = _mm512_load_si512(vector);
        _mm512_store_si512(vector, _mm512_mask_or_epi64(keys, lane, keys, _mm512_set1_epi64(1)));
    }

private:
    static __m512i join(__m256i falling, __m256i nodes) {
        return _mm512_or_si512(_mm512_slli_epi64(_mm512_cvtepu32_epi64(falling), 32),
                               _mm512_slli_epi64(_mm512_cvtepu32_epi64(nodes), 1));
    }

    // Inserts a key into a vector. `previous` is the vector before it as it was, then this one.
    static void insert(__m512i& vector, __m512i& previous, __m512i key) {
        const __m512i shifted = _mm512_alignr_epi64(vector, previous, 7);
        previous = vector;
        vector = _mm512_min_epu64(vector, _mm512_max_epu64(shifted, key));
    }

    template <size_t kCount>
    static void merge_some(uint64_t* sorted, size_t first, size_t vectors, const uint64_t* keys) {
        __m512i key[kCount], previous[kCount];
        for (size_t k = 0; k < kCount; ++k) {
            key[k] = _mm512_set1_epi64(static_cast<int64_t>(keys[k]));
            previous[k] = _mm512_setzero_si512();
        }
        for (size_t i = first; i < vectors; ++i) {
            __m512i vector = _mm512_load_si512(sorted + 8 * i);
            for (size_t k = 0; k < kCount; ++k) insert(vector, previous[k], key[k]);
            _mm512_store_si512(sorted + 8 * i, vector);
        }
    }
};
