// Probes for the roofline of a kernel on this core: multiply-adds without memory traffic, and reads
// of rows without arithmetic.

// Hides the value from the optimizer at the cost of no instruction.
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

// Executes multiply-adds on registers only and returns their number.
template <class C>
uint64_t multiply_adds(size_t rounds, const void* line) {
    using Sum = typename C::Sum;
    constexpr size_t chains = 12;
    const auto q = C::load_query(static_cast<const typename C::QueryCode*>(line));
    auto r = C::load_row(static_cast<const typename C::RowCode*>(line));
    Sum sums[chains] = {};
    for (size_t round = 0; round < rounds; ++round)
        for (Sum& sum : sums) {
            make_opaque(r);
            sum = C::accumulate(sum, q, r);
        }
    for (Sum& sum : sums) make_opaque(sum);
    return rounds * chains * kCodesPerStep<C>;
}

// Reads rows with the access pattern and prefetches of dot_rows and returns the xor of their words.
template <class Sum>
uint32_t read_rows(const Rows& rows, const uint32_t* ids, size_t count) {
    using Vector = typename VectorOf<uint32_t, std::max<size_t>(sizeof(Sum), 16)>::Type;
    const Prefetch prefetch(rows.row_bytes);
    const size_t vectors = rows.row_bytes / sizeof(Vector);
    const auto id = [&](size_t i) { return ids + std::min(i, count); };
    const auto row = [&](size_t i) { return reinterpret_cast<const Vector*>(rows.at(*id(i))); };
    Vector checksum = {};
    size_t i = 0;
    prefetch.issue(rows, id(8), id(prefetch.distance));
    for (; i + 8 <= count; i += 8) {
        prefetch.issue(rows, id(i + prefetch.distance), id(i + prefetch.distance + 8));
        const Vector* eight[8];
        for (size_t j = 0; j < 8; ++j) eight[j] = row(i + j);
        for (size_t at = 0; at < vectors; ++at)
            for (size_t j = 0; j < 8; ++j) checksum ^= eight[j][at];
    }
    for (; i < count; ++i)
        for (size_t at = 0; at < vectors; ++at) checksum ^= row(i)[at];
    uint32_t word = 0;
    for (size_t lane = 0; lane < kLanes<Vector>; ++lane) word ^= checksum[lane];
    return word;
}
