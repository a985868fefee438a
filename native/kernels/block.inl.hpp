// Dot products of a block of 32 packed queries with contiguous rows, for exact scans.
//
// Packing interleaves the queries: for each group of kCodesPerLane codes, those of query 0, then of
// query 1, ... One step multiplies a group of one row by the same group of one query per lane, so
// no sum has to be reduced across lanes.

// Bytes of a packed block; rounds `dim` up to whole cache lines of a row, which tiles read.
template <class C>
inline size_t packed_bytes(size_t dim) {
    constexpr size_t per_line = kLine / sizeof(typename C::RowCode);
    return (dim + per_line - 1) / per_line * per_line * kBlockQueries *
           sizeof(typename C::PackedCode);
}

template <class C>
void pack_block(const Query* queries, size_t count, size_t dim, void* block) {
    std::memset(block, 0, packed_bytes<C>(dim));
    auto* out = static_cast<typename C::PackedCode*>(block);
    for (size_t q = 0; q < count; ++q) {
        const auto* plain = static_cast<const typename C::QueryCode*>(queries[q].codes);
        size_t i = 0;
        // Whole groups of equal types are one move each.
        if constexpr (std::is_same_v<typename C::PackedCode, typename C::QueryCode>)
            for (; i + C::kCodesPerLane <= dim; i += C::kCodesPerLane)
                std::memcpy(out + i * kBlockQueries + q * C::kCodesPerLane, plain + i,
                            C::kCodesPerLane * sizeof *out);
        for (; i < dim; ++i) {
            const size_t group = i / C::kCodesPerLane, slot = i % C::kCodesPerLane;
            out[(group * kBlockQueries + q) * C::kCodesPerLane + slot] = plain[i];
        }
    }
}

// Scores `RowCount` rows, `stride` codes apart, against `Vectors` vectors of queries with all sums
// in registers.
template <class C, size_t RowCount, size_t Vectors>
inline void dot_in_registers(const typename C::PackedCode* queries, const typename C::RowCode* rows,
                             size_t dim, size_t stride, const int32_t* query_sums,
                             typename C::Sum* dots) {
    using Sum = typename C::Sum;
    constexpr size_t per_vector = kLanes<Sum> * C::kCodesPerLane;
    Sum sums[RowCount][Vectors] = {};
    if constexpr (C::kOffset != 0) {
        for (size_t v = 0; v < Vectors; ++v) {
            std::memcpy(&sums[0][v], query_sums + v * kLanes<Sum>, sizeof(Sum));
            sums[0][v] *= 0U - uint32_t{C::kOffset};
            for (size_t r = 1; r < RowCount; ++r) sums[r][v] = sums[0][v];
        }
    }
    for (size_t i = 0; i < dim;
         i += C::kCodesPerLane, queries += kBlockQueries * C::kCodesPerLane) {
        decltype(C::load_packed(queries)) q[Vectors];
        for (size_t v = 0; v < Vectors; ++v) q[v] = C::load_packed(queries + v * per_vector);
        for (size_t r = 0; r < RowCount; ++r) {
            const auto row = C::broadcast(rows + r * stride + i);
            for (size_t v = 0; v < Vectors; ++v) sums[r][v] = C::accumulate(sums[r][v], q[v], row);
        }
    }
    for (size_t r = 0; r < RowCount; ++r)
        for (size_t v = 0; v < Vectors; ++v) dots[r * (kBlockQueries / kLanes<Sum>)+v] = sums[r][v];
}

// Rows and queries of a block product at once: as many sums as registers hold.
template <class C>
inline constexpr size_t kBlockRows = kLanes<typename C::Sum> == 16 ? 8 : 4;
inline constexpr size_t kBlockVectors = 2;

// Scores one to kBlockRows rows against `Vectors` vectors of queries from number `q` on.
template <class C, size_t Vectors>
inline void dot_vectors(const QueryBlock& queries, size_t q, const typename C::RowCode* rows,
                        size_t count, size_t stride, int32_t* dots) {
    using Sum = typename C::Sum;
    auto* out = reinterpret_cast<Sum*>(dots + q);
    const auto* block =
        static_cast<const typename C::PackedCode*>(queries.codes) + q * C::kCodesPerLane;
    const int32_t* query_sums = queries.sums + q;
    if (count == kBlockRows<C>)
        return dot_in_registers<C, kBlockRows<C>, Vectors>(block, rows, queries.dim, stride,
                                                           query_sums, out);
    for (size_t i = 0; i < count; ++i)
        dot_in_registers<C, 1, Vectors>(block, rows + i * stride, queries.dim, stride, query_sums,
                                        out + i * (kBlockQueries / kLanes<Sum>));
}

// Scores one to kBlockRows rows against all queries.
template <class C>
inline void dot_few(const QueryBlock& queries, const typename C::RowCode* rows, size_t count,
                    size_t stride, int32_t* dots) {
    constexpr size_t lanes = kLanes<typename C::Sum>, queries_at_once = kBlockVectors * lanes;
    for (size_t q = 0; q < queries.count; q += queries_at_once) {
        if (queries.count - q > lanes)
            dot_vectors<C, kBlockVectors>(queries, q, rows, count, stride, dots);
        else
            dot_vectors<C, 1>(queries, q, rows, count, stride, dots);
    }
}

// Writes dots[row * kBlockQueries + query] of the queries that the block has.
template <class C>
void dot_block(const QueryBlock& queries, const Rows& rows, void* dots) {
    const size_t stride = rows.row_bytes / sizeof(typename C::RowCode);
    for (size_t r = 0; r < rows.count; r += kBlockRows<C>)
        dot_few<C>(queries, reinterpret_cast<const typename C::RowCode*>(rows.at(r)),
                   std::min(kBlockRows<C>, rows.count - r), stride,
                   static_cast<int32_t*>(dots) + r * kBlockQueries);
}

// The same for bytes that widen before they are multiplied: rows widen once instead of once per
// vector of queries.
template <class C>
void dot_block_widened(const QueryBlock& queries, const Rows& rows, void* dots) {
    using Wide = typename C::Wide;
    constexpr size_t max_codes = 4096, step = kCodesPerStep<Wide>;
    if (rows.row_bytes > max_codes) return dot_block<C>(queries, rows, dots);
    alignas(kLine) typename Wide::RowCode wide[kBlockRows<Wide> * max_codes];
    const size_t stride = rows.row_bytes;
    for (size_t r = 0; r < rows.count; r += kBlockRows<Wide>) {
        const size_t count = std::min(kBlockRows<Wide>, rows.count - r);
        for (size_t i = 0; i < count; ++i) {
            const auto* row = reinterpret_cast<const uint8_t*>(rows.at(r + i));
            for (size_t at = 0; at < stride; at += step) C::widen(row + at, wide + i * stride + at);
        }
        dot_few<Wide>(queries, wide, count, stride,
                      static_cast<int32_t*>(dots) + r * kBlockQueries);
    }
}

template <class C>
constexpr auto dot_block_of() {
    if constexpr (requires { typename C::Wide; })
        return dot_block_widened<C>;
    else
        return dot_block<C>;
}
