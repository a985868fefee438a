// What bounds a kernel on this core: how fast it can multiply when nothing is read, and how fast
// rows can be read when nothing is multiplied.

// Makes the compiler take the value for a new one; costs no instruction.
template <class V>
inline void make_opaque(V& value) {
    if constexpr (std::is_integral_v<V>) {
        __asm__ volatile("" : "+r"(value));
    } else {
#if defined(__x86_64__)
        __asm__ volatile("" : "+x"(value));
#else
        __asm__ volatile("" : "+w"(value));
#endif
    }
}

// Multiply-adds done in registers alone; returns how many.
template <class C>
uint64_t multiply_adds(size_t rounds, const void* line) {
    using Sum = typename C::Sum;
    constexpr size_t chains = 12;
    const auto q = C::query(static_cast<const typename C::Plain*>(line));
    auto r = C::row(static_cast<const typename C::Row*>(line));
    Sum sums[chains] = {};
    for (size_t round = 0; round < rounds; ++round)
        for (Sum& sum : sums) {
            make_opaque(r);
            sum = C::step(sum, q, r);
        }
    for (Sum& sum : sums) make_opaque(sum);
    return rounds * chains * kCodesPerStep<C>;
}

// Reads the rows in the order, the eights and with the prefetches of dot_rows; returns a checksum.
template <class Sum>
uint32_t read_rows(const Rows& rows, const uint32_t* ids, size_t count) {
    using Vector = typename VectorOf<uint32_t, std::max<size_t>(sizeof(Sum), 16)>::Type;
    const Prefetch prefetch(rows.row_bytes);
    const size_t vectors = rows.row_bytes / sizeof(Vector);
    const auto id = [&](size_t i) { return ids + std::min(i, count); };
    const auto row = [&](size_t i) { return reinterpret_cast<const Vector*>(rows.at(*id(i))); };
    Vector seen = {};
    size_t i = 0;
    prefetch.ask(rows, id(8), id(prefetch.rows));
    for (; i + 8 <= count; i += 8) {
        prefetch.ask(rows, id(i + prefetch.rows), id(i + prefetch.rows + 8));
        const Vector* eight[8];
        for (size_t j = 0; j < 8; ++j) eight[j] = row(i + j);
        for (size_t at = 0; at < vectors; ++at)
            for (size_t j = 0; j < 8; ++j) seen ^= eight[j][at];
    }
    for (; i < count; ++i)
        for (size_t at = 0; at < vectors; ++at) seen ^= row(i)[at];
    uint32_t sum = 0;
    for (size_t lane = 0; lane < kLanes<Vector>; ++lane) sum ^= seen[lane];
    return sum;
}
