// Integer code types for AVX-VNNI, which replace those of lanes_avx2: one instruction multiplies
// and adds four bytes or two words per lane.

struct Int16Vnni : Int16 {
    static Sum accumulate(Sum sum, __m256i q, __m256i r) {
        return (Sum)_mm256_dpwssd_avx_epi32((__m256i)sum, q, r);
    }
};

struct Int8Vnni {
    using RowCode = uint8_t;
    using QueryCode = int8_t;
    using PackedCode = int8_t;
    using Sum = I32;
    static constexpr size_t kCodesPerLane = 4;
    static constexpr int32_t kOffset = kRowOffset;
    static __m256i load_query(const QueryCode* q) { return _mm256_loadu_si256((const __m256i*)q); }
    static __m256i load_packed(const PackedCode* q) { return _mm256_load_si256((const __m256i*)q); }
    static __m256i load_row(const RowCode* r) { return _mm256_load_si256((const __m256i*)r); }
    static __m256i broadcast(const RowCode* r) { return _mm256_set1_epi32(load<int32_t>(r)); }
    static Sum accumulate(Sum sum, __m256i q, __m256i r) {
        return (Sum)_mm256_dpbusd_avx_epi32((__m256i)sum, r, q);
    }
};

struct NibblesVnni {
    using Vector = __m256i;
    using Words = I32;
    static Vector load_codes(const int8_t* query) {
        return _mm256_loadu_si256((const __m256i*)query);
    }
    static Words add(Words words, Vector nibbles, Vector codes) {
        return (I32)_mm256_dpbusd_avx_epi32((__m256i)words, nibbles, codes);
    }
};
