// Integer code types for AVX-512 VNNI, which replace those of lanes_avx512: one instruction
// multiplies and adds four bytes or two words per lane.

struct Int16Vnni : Int16 {
    static Sum accumulate(Sum sum, __m512i q, __m512i r) {
        return (Sum)_mm512_dpwssd_epi32((__m512i)sum, q, r);
    }
};

struct Int8Vnni {
    using RowCode = uint8_t;
    using QueryCode = int8_t;
    using PackedCode = int8_t;
    using Sum = I32;
    static constexpr size_t kCodesPerLane = 4;
    static constexpr int32_t kOffset = kRowOffset;
    static __m512i load_query(const QueryCode* q) { return _mm512_loadu_si512(q); }
    static __m512i load_packed(const PackedCode* q) { return _mm512_load_si512(q); }
    static __m512i load_row(const RowCode* r) { return _mm512_load_si512(r); }
    static __m512i broadcast(const RowCode* r) { return _mm512_set1_epi32(load<int32_t>(r)); }
    static Sum accumulate(Sum sum, __m512i q, __m512i r) {
        return (Sum)_mm512_dpbusd_epi32((__m512i)sum, r, q);
    }
};

struct NibblesVnni {
    using Vector = __m512i;
    using Words = I32;
    static Vector load_codes(const int8_t* query) { return _mm512_loadu_si512(query); }
    static Words add(Words words, Vector nibbles, Vector codes) {
        return (I32)_mm512_dpbusd_epi32((__m512i)words, nibbles, codes);
    }
};
