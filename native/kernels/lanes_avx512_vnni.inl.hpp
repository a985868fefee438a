// What VNNI changes in lanes_avx512: four bytes or two words multiply and add in one instruction.

struct Int16Vnni : Int16 {
    static Sum step(Sum sum, __m512i q, __m512i r) {
        return (Sum)_mm512_dpwssd_epi32((__m512i)sum, q, r);
    }
};

struct Int8Vnni {
    using Row = uint8_t;
    using Plain = int8_t;
    using Lane = int8_t;
    using Sum = I32;
    static constexpr size_t kPerLane = 4;
    static constexpr int32_t kOffset = kRowOffset;
    static __m512i query(const Plain* q) { return _mm512_loadu_si512(q); }
    static __m512i packed(const Lane* q) { return _mm512_load_si512(q); }
    static __m512i row(const Row* r) { return _mm512_load_si512(r); }
    static __m512i spread(const Row* r) { return _mm512_set1_epi32(load<int32_t>(r)); }
    static Sum step(Sum sum, __m512i q, __m512i r) {
        return (Sum)_mm512_dpbusd_epi32((__m512i)sum, r, q);
    }
};
