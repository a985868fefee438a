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

// Returns the bits of 64 values. The lanes of an instruction set may overload it for a type.
template <class T>
inline uint64_t range_word(const T* values, T low, T high) {
    alignas(kLine) uint8_t flags[64];
    // GCC vectorizes this loop.
    for (size_t i = 0; i < 64; ++i)
        flags[i] = static_cast<uint8_t>((values[i] >= low) & (values[i] <= high));
    return packed_flags(flags);
}

template <class T>
inline void compare(const T* values, size_t count, T low, T high, uint64_t* words) {
    for (; count >= 64; count -= 64, values += 64) *words++ = range_word(values, low, high);
    if (count == 0) return;
    *words = 0;
    for (size_t i = 0; i < count; ++i)
        *words |= static_cast<uint64_t>(values[i] >= low && values[i] <= high) << i;
}

inline size_t count_bits(const uint64_t* words, size_t count) {
    size_t sum = 0;
    for (size_t i = 0; i < count; ++i) sum += static_cast<size_t>(std::popcount(words[i]));
    return sum;
}
