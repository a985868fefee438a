// Code types for AArch64 NEON: four lanes of 32 bits; bytes widen to 16 bits.

using F32 = VectorOf<float, 16>::Type;
using I32 = VectorOf<uint32_t, 16>::Type;

// Bit i is set if score i is above its bound.
inline uint32_t lanes_above(F32 scores, F32 bounds) {
    const uint32x4_t better = vcgtq_f32((float32x4_t)scores, (float32x4_t)bounds);
    const uint32_t bits[] = {1, 2, 4, 8};
    return vaddvq_u32(vandq_u32(better, vld1q_u32(bits)));
}

// Bit i is set unless score i is below its bound: NaN sets it.
inline uint32_t lanes_not_below(F32 scores, F32 bounds) {
    const uint32x4_t below = vcltq_f32((float32x4_t)scores, (float32x4_t)bounds);
    const uint32_t bits[] = {1, 2, 4, 8};
    return vaddvq_u32(vbicq_u32(vld1q_u32(bits), below));
}

struct Fp32 {
    using RowCode = float;
    using QueryCode = float;
    using PackedCode = float;
    using Sum = F32;
    static constexpr size_t kCodesPerLane = 1;
    static constexpr int32_t kOffset = 0;
    static float32x4_t load_query(const QueryCode* q) { return vld1q_f32(q); }
    static float32x4_t load_packed(const PackedCode* q) { return vld1q_f32(q); }
    static float32x4_t load_row(const RowCode* r) { return vld1q_f32(r); }
    static float32x4_t broadcast(const RowCode* r) { return vdupq_n_f32(*r); }
    static Sum accumulate(Sum sum, float32x4_t q, float32x4_t r) {
        return (Sum)vfmaq_f32((float32x4_t)sum, q, r);
    }
};

struct Fp16 : Fp32 {
    using RowCode = uint16_t;
    static float32x4_t load_row(const RowCode* r) {
        return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(r)));
    }
    static float32x4_t broadcast(const RowCode* r) {
        return vcvt_f32_f16(vreinterpret_f16_u16(vdup_n_u16(*r)));
    }
};

struct Int16 {
    using RowCode = int16_t;
    using QueryCode = int16_t;
    using PackedCode = int16_t;
    using Sum = I32;
    static constexpr size_t kCodesPerLane = 2;
    static constexpr int32_t kOffset = 0;
    static int16x8_t load_query(const QueryCode* q) { return vld1q_s16(q); }
    static int16x8_t load_packed(const PackedCode* q) { return vld1q_s16(q); }
    static int16x8_t load_row(const RowCode* r) { return vld1q_s16(r); }
    static int16x8_t broadcast(const RowCode* r) {
        return vreinterpretq_s16_s32(vdupq_n_s32(load<int32_t>(r)));
    }
    static Sum accumulate(Sum sum, int16x8_t q, int16x8_t r) {
        const int32x4_t low = vmull_s16(vget_low_s16(q), vget_low_s16(r));
        return sum + (Sum)vpaddq_s32(low, vmull_high_s16(q, r));
    }
};

struct Int8 : Int16 {
    using RowCode = uint8_t;
    using QueryCode = int8_t;
    static constexpr int32_t kOffset = kRowOffset;
    static int16x8_t load_query(const QueryCode* q) { return vmovl_s8(vld1_s8(q)); }
    static int16x8_t load_row(const RowCode* r) {
        return vreinterpretq_s16_u16(vmovl_u8(vld1_u8(r)));
    }
    static int16x8_t broadcast(const RowCode* r) {
        return vreinterpretq_s16_u16(vmovl_u8(vreinterpret_u8_u16(vdup_n_u16(load<uint16_t>(r)))));
    }
};

// Products of nibbles of a plane, see planes.inl.hpp. Sums of 16 products of a line fit 16 bits.
struct Nibbles {
    using Vector = uint8x16_t;
    using Words = int16x8_t;
    static int8x16_t load_codes(const int8_t* query) { return vld1q_s8(query); }
    static Words add(Words words, Vector nibbles, int8x16_t codes) {
        const int8x16_t row = vreinterpretq_s8_u8(nibbles);
        return vmlal_high_s8(vmlal_s8(words, vget_low_s8(row), vget_low_s8(codes)), row, codes);
    }
    static I32 total(Words words) { return (I32)vpaddlq_s16(words); }
};

// Without 64-bit minima and maxima, beams merge offers, see graph/beam.inl.hpp.
struct KeyVectors {
    static constexpr size_t kMaxKeys = 0;
};
