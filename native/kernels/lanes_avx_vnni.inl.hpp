// What VNNI changes in lanes_avx2: four bytes or two words multiply and add in one instruction.

struct Int16Vnni : Int16 {
    static Sum step(Sum sum, __m256i q, __m256i r) {
        return (Sum)_mm256_dpwssd_avx_epi32((__m256i)sum, q, r);
    }
};

struct Int8Vnni {
    using Row = uint8_t;
    using Plain = int8_t;
    using Lane = int8_t;
    using Sum = I32;
    static constexpr size_t kPerLane = 4;
    static constexpr int32_t kOffset = kRowOffset;
    static __m256i query(const Plain* q) { return _mm256_loadu_si256((const __m256i*)q); }
    static __m256i packed(const Lane* q) { return _mm256_load_si256((const __m256i*)q); }
    static __m256i row(const Row* r) { return _mm256_load_si256((const __m256i*)r); }
    static __m256i spread(const Row* r) { return _mm256_set1_epi32(load<int32_t>(r)); }
    static Sum step(Sum sum, __m256i q, __m256i r) {
        return (Sum)_mm256_dpbusd_avx_epi32((__m256i)sum, r, q);
    }
};
