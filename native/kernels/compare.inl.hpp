// The bodies of CompareKernels, compiled once per instruction set in its namespace.

// Gathers 64 bytes of 0 or 1 into a word: the product moves bit 8 i of eight bytes to 56 + i.
inline uint64_t packed_flags(const uint8_t* flags) {
    uint64_t word = 0;
    for (size_t i = 0; i < 8; ++i) {
        uint64_t eight = 0;
        std::memcpy(&eight, flags + 8 * i, sizeof eight);
        word |= (eight * 0x0102040810204080 >> 56) << 8 * i;
    }
    return word;
}

template <class T>
inline void compare(const T* values, size_t count, T low, T high, uint64_t* words) {
    constexpr size_t kRows = 64;
    alignas(kRows) uint8_t flags[kRows];
    for (; count >= kRows; count -= kRows, values += kRows) {
        // GCC vectorizes this loop.
        for (size_t i = 0; i < kRows; ++i)
            flags[i] = static_cast<uint8_t>((values[i] >= low) & (values[i] <= high));
        *words++ = packed_flags(flags);
    }
    if (count == 0) return;
    *words = 0;
    for (size_t i = 0; i < count; ++i)
        *words |= static_cast<uint64_t>(values[i] >= low && values[i] <= high) << i;
}
