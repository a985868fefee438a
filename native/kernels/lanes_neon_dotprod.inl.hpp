// The byte code types for NEON SDOT, which replace those of lanes_neon: one instruction multiplies
// and adds four bytes per lane. SDOT takes signed bytes on both sides, so loading a row removes its
// offset.

struct Int8Dot {
    using RowCode = uint8_t;
    using QueryCode = int8_t;
    using PackedCode = int8_t;
    using Sum = I32;
    static constexpr size_t kCodesPerLane = 4;
    static constexpr int32_t kOffset = 0;
    static int8x16_t load_query(const QueryCode* q) { return vld1q_s8(q); }
    static int8x16_t load_packed(const PackedCode* q) { return vld1q_s8(q); }
    static int8x16_t load_row(const RowCode* r) { return remove_offset(vld1q_u8(r)); }
    static int8x16_t broadcast(const RowCode* r) {
        return remove_offset(vreinterpretq_u8_u32(vdupq_n_u32(load<uint32_t>(r))));
    }
    static Sum accumulate(Sum sum, int8x16_t q, int8x16_t r) {
        return (Sum)vdotq_s32((int32x4_t)sum, q, r);
    }

private:
    static int8x16_t remove_offset(uint8x16_t r) {
        return vreinterpretq_s8_u8(veorq_u8(r, vdupq_n_u8(kRowOffset)));
    }
};

struct NibblesDot {
    using Vector = uint8x16_t;
    using Words = I32;
    static int8x16_t load_codes(const int8_t* query) { return vld1q_s8(query); }
    static Words add(Words words, Vector nibbles, int8x16_t codes) {
        return (I32)vdotq_s32((int32x4_t)words, vreinterpretq_s8_u8(nibbles), codes);
    }
};
