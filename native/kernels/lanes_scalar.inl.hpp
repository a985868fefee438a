// Code types in portable C++, one lane: the reference for every other instruction set.

using F32 = float;
using I32 = uint32_t;  // unsigned, so that sums wrap without undefined behavior

// Bit i is set if score i is above its bound.
inline uint32_t lanes_above(F32 scores, F32 bounds) { return scores > bounds; }

// Bit i is set unless score i is below its bound: NaN sets it.
inline uint32_t lanes_not_below(F32 scores, F32 bounds) { return !(scores < bounds); }

struct Fp32 {
    using RowCode = float;
    using QueryCode = float;
    using PackedCode = float;
    using Sum = F32;
    static constexpr size_t kCodesPerLane = 1;
    static constexpr int32_t kOffset = 0;
    static float load_query(const QueryCode* q) { return *q; }
    static float load_packed(const PackedCode* q) { return *q; }
    static float load_row(const RowCode* r) { return *r; }
    static float broadcast(const RowCode* r) { return *r; }
    static Sum accumulate(Sum sum, float q, float r) { return sum + q * r; }
};

struct Fp16 : Fp32 {
    using RowCode = uint16_t;
    static float load_row(const RowCode* r) { return half_to_float(*r); }
    static float broadcast(const RowCode* r) { return half_to_float(*r); }
};

struct Int16 {
    using RowCode = int16_t;
    using QueryCode = int16_t;
    using PackedCode = int16_t;
    using Sum = I32;
    static constexpr size_t kCodesPerLane = 1;
    static constexpr int32_t kOffset = 0;
    static int32_t load_query(const QueryCode* q) { return *q; }
    static int32_t load_packed(const PackedCode* q) { return *q; }
    static int32_t load_row(const RowCode* r) { return *r; }
    static int32_t broadcast(const RowCode* r) { return *r; }
    static Sum accumulate(Sum sum, int32_t q, int32_t r) {
        return sum + static_cast<uint32_t>(q * r);
    }
};

struct Int8 : Int16 {
    using RowCode = uint8_t;
    using QueryCode = int8_t;
    using PackedCode = int8_t;
    static constexpr int32_t kOffset = kRowOffset;
    static int32_t load_query(const QueryCode* q) { return *q; }
    static int32_t load_packed(const PackedCode* q) { return *q; }
    static int32_t load_row(const RowCode* r) { return *r; }
    static int32_t broadcast(const RowCode* r) { return *r; }
};

// Products of nibbles of a plane, see planes.inl.hpp.
struct Nibbles {
    using Vector = uint8_t;
    using Words = I32;
    static int8_t load_codes(const int8_t* query) { return *query; }
    static Words add(Words words, Vector nibble, int8_t code) {
        return words + static_cast<uint32_t>(nibble * code);
    }
};

// Without 64-bit minima and maxima, beams merge offers, see graph/beam.inl.hpp.
struct KeyVectors {
    static constexpr size_t kMaxKeys = 0;
};
