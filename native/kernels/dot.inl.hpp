// Dot products of one query with rows at any position, sixteen at a time.
//
// C is a code type of lanes_<isa>:
//   load_query(p), load_row(p)  load one vector of codes of a query and of a row
//   accumulate(sum, q, r)       returns sum plus the products, kCodesPerLane codes per lane
//   kOffset                     the constant that rows store added to every code

template <class C>
inline constexpr size_t kCodesPerStep = kLanes<typename C::Sum> * C::kCodesPerLane;

// Cache lines per row. Short rows have a count known at compile time (Fixed > 0), so that their
// loops unroll; Fixed is 0 for all others.
template <size_t Fixed>
struct Lines {
    size_t count;
    size_t bytes() const { return (Fixed != 0 ? Fixed : count) * kLine; }
};

template <class Body>
inline void with_lines(size_t row_bytes, Body&& body) {
    const size_t lines = row_bytes / kLine;
    switch (lines) {
        case 1: return body(Lines<1>{lines});
        case 2: return body(Lines<2>{lines});
        case 3: return body(Lines<3>{lines});
        case 4: return body(Lines<4>{lines});
        default: return body(Lines<0>{lines});
    }
}

// Sums eight rows: they share each load of the query, and eight independent sums hide the latency
// of a multiply-add.
template <class C, size_t Fixed>
inline void sum_eight(const typename C::QueryCode* query, const std::byte* rows,
                      const uint32_t* ids, Lines<Fixed> lines, typename C::Sum (&sums)[8]) {
    using RowCode = typename C::RowCode;
    const size_t codes = lines.bytes() / sizeof(RowCode);
    const RowCode* row[8];
    for (size_t i = 0; i < 8; ++i) {
        row[i] = reinterpret_cast<const RowCode*>(rows + ids[i] * lines.bytes());
        sums[i] = typename C::Sum{};
    }
    for (size_t at = 0; at < codes; at += kCodesPerStep<C>) {
        const auto q = C::load_query(query + at);
        for (size_t i = 0; i < 8; ++i)
            sums[i] = C::accumulate(sums[i], q, C::load_row(row[i] + at));
    }
}

// Returns the totals of the first `count` of 16 rows. `sum_eight(first, sums)` sums the eight rows
// from number `first` on.
template <class Sum, class SumEight>
inline Wide<Sum> fold_sixteen(size_t count, SumEight&& sum_eight) {
    Sum sums[8], quads[4] = {};
    Wide<Sum> totals;
    sum_eight(0, sums);
    if constexpr (kLanes<Sum> == 1) {
        std::copy_n(sums, 8, totals.part);
        sum_eight(8, sums);
        std::copy_n(sums, 8, totals.part + 8);
    } else {
        fold_eight(sums, quads);
        if (count > 8) {
            sum_eight(8, sums);
            fold_eight(sums, quads + 2);
        }
        totals = fold_quads(quads);
    }
    return totals;
}

// Returns the dots of the first `count` of 16 rows; all 16 ids must be valid.
template <class C, size_t Fixed>
inline Wide<typename C::Sum> dot_sixteen(const Query& query, const std::byte* rows,
                                         const uint32_t* ids, size_t count, Lines<Fixed> lines) {
    using Sum = typename C::Sum;
    const auto* plain = static_cast<const typename C::QueryCode*>(query.codes);
    Wide<Sum> dots = fold_sixteen<Sum>(count, [&](size_t first, Sum(&sums)[8]) {
        sum_eight<C>(plain, rows, ids + first, lines, sums);
    });
    if constexpr (C::kOffset != 0) {
        const Sum correction = Sum{} + static_cast<uint32_t>(C::kOffset * query.sum);
        for (Sum& part : dots.part) part -= correction;
    }
    return dots;
}

// Returns the dot of one row. Four independent sums hide the latency of a multiply-add; single-lane
// code uses one because GCC 12 miscompiles four on AArch64.
template <class C, size_t Fixed>
inline auto dot_one(const Query& query, const std::byte* row, Lines<Fixed> lines) {
    using Sum = typename C::Sum;
    using Dot = std::conditional_t<std::is_same_v<Sum, F32>, float, uint32_t>;
    constexpr size_t chains = kLanes<Sum> == 1 ? 1 : 4, step = kCodesPerStep<C>;
    const auto* q = static_cast<const typename C::QueryCode*>(query.codes);
    const auto* r = reinterpret_cast<const typename C::RowCode*>(row);
    const size_t codes = lines.bytes() / sizeof(typename C::RowCode);
    const size_t whole = codes / (chains * step) * (chains * step);
    Sum sums[4] = {};
    for (size_t at = 0; at < whole; at += chains * step)
        for (size_t i = 0; i < chains; ++i)
            sums[i] = C::accumulate(sums[i], C::load_query(q + at + i * step),
                                    C::load_row(r + at + i * step));
    for (size_t at = whole; at < codes; at += step)
        sums[0] = C::accumulate(sums[0], C::load_query(q + at), C::load_row(r + at));
    const Sum all = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    Dot lane[kLanes<Sum>], dot = 0;
    std::memcpy(lane, &all, sizeof all);
    for (Dot part : lane) dot += part;
    return dot - static_cast<Dot>(C::kOffset * query.sum);
}

// The prefetch distance in rows and the bytes prefetched per row. A long row needs only its start:
// the hardware prefetcher follows eight streams once they have begun. The constants are the best of
// a sweep over dims 64 to 1536.
struct Prefetch {
    size_t distance, bytes_per_row;

    explicit Prefetch(size_t row_bytes) {
        constexpr size_t lines_in_flight = 128;
        const size_t lines = row_bytes / kLine;
        distance = std::max<size_t>(lines_in_flight / lines, 16);
        bytes_per_row = std::min<size_t>(lines, lines <= 16 ? 8 : 2) * kLine;
    }

    // Always inline: to GCC a function that only prefetches has no effect, and it may drop calls.
    [[gnu::always_inline]] void issue(const Rows& rows, const uint32_t* id,
                                      const uint32_t* end) const {
        for (; id < end; ++id)
            for (size_t at = 0; at < bytes_per_row; at += kLine)
                __builtin_prefetch(rows.at(*id) + at, 0, 2);
    }
};

template <class C, size_t Fixed>
inline void dot_rows_of(const Query& query, const Rows& rows, const uint32_t* ids, size_t count,
                        uint32_t* dots, Lines<Fixed> lines) {
    const Prefetch prefetch(lines.bytes());
    const size_t whole = count / 16 * 16;
    const auto id = [&](size_t i) { return ids + std::min(i, count); };
    // Skips the first sixteen: they are needed at once, too early for a prefetch to help.
    prefetch.issue(rows, id(16), id(prefetch.distance));
    for (size_t first = 0; first < whole; first += 16) {
        prefetch.issue(rows, id(first + prefetch.distance), id(first + prefetch.distance + 16));
        const auto wide = dot_sixteen<C>(query, rows.data, ids + first, 16, lines);
        std::memcpy(dots + first, &wide, sizeof wide);
    }
    if (whole == count) return;
    if (whole + 1 == count) {
        const auto dot = dot_one<C>(query, rows.at(ids[whole]), lines);
        std::memcpy(dots + whole, &dot, sizeof dot);
        return;
    }
    uint32_t last[16];
    for (size_t i = 0; i < 16; ++i) last[i] = ids[std::min(whole + i, count - 1)];
    const auto wide = dot_sixteen<C>(query, rows.data, last, count - whole, lines);
    std::memcpy(dots + whole, &wide, (count - whole) * sizeof *dots);
}

template <class C>
void dot_rows(const Query& query, const Rows& rows, const uint32_t* ids, size_t count, void* dots) {
    with_lines(rows.row_bytes, [&](auto lines) {
        dot_rows_of<C>(query, rows, ids, count, static_cast<uint32_t*>(dots), lines);
    });
}
