// Portable C++, one lane: what every other instruction set is proven against.

using F32 = float;
using I32 = uint32_t;  // unsigned, so that sums may wrap

// A bit for each score above its bound.
inline uint32_t lanes_above(F32 scores, F32 bounds) { return scores > bounds; }

// A bit for each score that is not below its bound.
inline uint32_t lanes_not_below(F32 scores, F32 bounds) { return !(scores < bounds); }

struct Fp32 {
    using Row = float;
    using Plain = float;
    using Lane = float;
    using Sum = F32;
    static constexpr size_t kPerLane = 1;
    static constexpr int32_t kOffset = 0;
    static float query(const Plain* q) { return *q; }
    static float packed(const Lane* q) { return *q; }
    static float row(const Row* r) { return *r; }
    static float spread(const Row* r) { return *r; }
    static Sum step(Sum sum, float q, float r) { return sum + q * r; }
};

struct Fp16 : Fp32 {
    using Row = uint16_t;
    static float row(const Row* r) { return half_to_float(*r); }
    static float spread(const Row* r) { return half_to_float(*r); }
};

struct Int16 {
    using Row = int16_t;
    using Plain = int16_t;
    using Lane = int16_t;
    using Sum = I32;
    static constexpr size_t kPerLane = 1;
    static constexpr int32_t kOffset = 0;
    static int32_t query(const Plain* q) { return *q; }
    static int32_t packed(const Lane* q) { return *q; }
    static int32_t row(const Row* r) { return *r; }
    static int32_t spread(const Row* r) { return *r; }
    static Sum step(Sum sum, int32_t q, int32_t r) { return sum + static_cast<uint32_t>(q * r); }
};

struct Int8 : Int16 {
    using Row = uint8_t;
    using Plain = int8_t;
    using Lane = int8_t;
    static constexpr int32_t kOffset = kRowOffset;
    static int32_t query(const Plain* q) { return *q; }
    static int32_t packed(const Lane* q) { return *q; }
    static int32_t row(const Row* r) { return *r; }
    static int32_t spread(const Row* r) { return *r; }
};
