// One query against rows anywhere, sixteen at a time. C is one of the code types of lanes_<isa>:
//   query(p), row(p)   the next codes of a query and of a row, one vector
//   step(sum, q, r)    multiplies them and adds, kPerLane codes to a lane
//   kOffset            what is added to every code of a row on the row's side

template <class C>
inline constexpr size_t kCodesPerStep = kLanes<typename C::Sum> * C::kPerLane;

// The number of lines in a row, known to the compiler for short rows (Fixed > 0) so that their loops
// unroll; 0 stands for any number.
template <size_t Fixed>
struct Lines {
    size_t any;
    size_t bytes() const { return (Fixed != 0 ? Fixed : any) * kLine; }
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

// Eight rows share each load of the query, and eight sums hide the latency of a step.
template <class C, size_t Fixed>
inline void sum_eight(const typename C::Plain* query, const std::byte* rows, const uint32_t* ids,
                      Lines<Fixed> lines, typename C::Sum (&sums)[8]) {
    using Row = typename C::Row;
    const size_t codes = lines.bytes() / sizeof(Row);
    const Row* row[8];
    for (size_t i = 0; i < 8; ++i) {
        row[i] = reinterpret_cast<const Row*>(rows + ids[i] * lines.bytes());
        sums[i] = typename C::Sum{};
    }
    for (size_t at = 0; at < codes; at += kCodesPerStep<C>) {
        const auto q = C::query(query + at);
        for (size_t i = 0; i < 8; ++i) sums[i] = C::step(sums[i], q, C::row(row[i] + at));
    }
}

// The dots of up to 16 rows; `ids` always holds 16 valid ones.
template <class C, size_t Fixed>
inline Wide<typename C::Sum> dot_sixteen(const Query& query, const std::byte* rows,
                                         const uint32_t* ids, size_t count, Lines<Fixed> lines) {
    using Sum = typename C::Sum;
    const auto* plain = static_cast<const typename C::Plain*>(query.codes);
    Sum sums[8], quads[4] = {};
    Wide<Sum> dots;
    sum_eight<C>(plain, rows, ids, lines, sums);
    if constexpr (kLanes<Sum> == 1) {
        std::copy_n(sums, 8, dots.part);
        sum_eight<C>(plain, rows, ids + 8, lines, sums);
        std::copy_n(sums, 8, dots.part + 8);
    } else {
        fold_eight(sums, quads);
        if (count > 8) {
            sum_eight<C>(plain, rows, ids + 8, lines, sums);
            fold_eight(sums, quads + 2);
        }
        dots = fold_quads(quads);
    }
    if constexpr (C::kOffset != 0) {
        const Sum correction = Sum{} + static_cast<uint32_t>(C::kOffset * query.sum);
        for (Sum& part : dots.part) part -= correction;
    }
    return dots;
}

// The dot of one row. Four sums hide the latency of a step; a single lane has one, for GCC 12 takes
// four wrongly on AArch64.
template <class C, size_t Fixed>
inline auto dot_one(const Query& query, const std::byte* row, Lines<Fixed> lines) {
    using Sum = typename C::Sum;
    using Dot = std::conditional_t<std::is_same_v<Sum, F32>, float, uint32_t>;
    constexpr size_t chains = kLanes<Sum> == 1 ? 1 : 4, step = kCodesPerStep<C>;
    const auto* q = static_cast<const typename C::Plain*>(query.codes);
    const auto* r = reinterpret_cast<const typename C::Row*>(row);
    const size_t codes = lines.bytes() / sizeof(typename C::Row);
    const size_t whole = codes / (chains * step) * (chains * step);
    Sum sums[4] = {};
    for (size_t at = 0; at < whole; at += chains * step)
        for (size_t i = 0; i < chains; ++i)
            sums[i] = C::step(sums[i], C::query(q + at + i * step), C::row(r + at + i * step));
    for (size_t at = whole; at < codes; at += step)
        sums[0] = C::step(sums[0], C::query(q + at), C::row(r + at));
    const Sum all = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    Dot lane[kLanes<Sum>], dot = 0;
    std::memcpy(lane, &all, sizeof all);
    for (Dot part : lane) dot += part;
    return dot - static_cast<Dot>(C::kOffset * query.sum);
}

// How far ahead of the row being scored rows are asked for, and how much of each: of a long row only
// its start, for the processor itself follows eight streams once they have begun. Best of a sweep
// over dims 64 to 1536.
struct Prefetch {
    size_t rows, bytes;

    explicit Prefetch(size_t row_bytes) {
        constexpr size_t lines_in_flight = 128;
        const size_t lines = row_bytes / kLine;
        rows = std::max<size_t>(lines_in_flight / lines, 16);
        bytes = std::min<size_t>(lines, lines <= 16 ? 8 : 2) * kLine;
    }

    // Always inline: to GCC a function that only prefetches has no effect, and its calls may go.
    [[gnu::always_inline]] void ask(const Rows& all, const uint32_t* from,
                                    const uint32_t* to) const {
        for (; from < to; ++from)
            for (size_t at = 0; at < bytes; at += kLine)
                __builtin_prefetch(all.at(*from) + at, 0, 2);
    }
};

template <class C, size_t Fixed>
inline void dot_rows_of(const Query& query, const Rows& rows, const uint32_t* ids, size_t count,
                        uint32_t* dots, Lines<Fixed> lines) {
    const Prefetch prefetch(lines.bytes());
    const size_t whole = count / 16 * 16;
    const auto id = [&](size_t i) { return ids + std::min(i, count); };
    // The first sixteen are needed at once: asking for them ahead would only cost instructions.
    prefetch.ask(rows, id(16), id(prefetch.rows));
    for (size_t first = 0; first < whole; first += 16) {
        prefetch.ask(rows, id(first + prefetch.rows), id(first + prefetch.rows + 16));
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
