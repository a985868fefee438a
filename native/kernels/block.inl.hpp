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
        for (size_t i = 0; i < dim; ++i) {
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

// Writes dots[row * kBlockQueries + query].
template <class C>
void dot_block(const QueryBlock& queries, const Rows& rows, void* dots) {
    using Sum = typename C::Sum;
    constexpr size_t row_count = kLanes<Sum> == 16 ? 8 : 4, vectors = 2;
    constexpr size_t queries_at_once = vectors * kLanes<Sum>;
    const size_t stride = rows.row_bytes / sizeof(typename C::RowCode);
    const auto* packed = static_cast<const typename C::PackedCode*>(queries.codes);
    for (size_t r = 0; r < rows.count; r += row_count) {
        const auto* row = reinterpret_cast<const typename C::RowCode*>(rows.at(r));
        for (size_t q = 0; q < kBlockQueries; q += queries_at_once) {
            auto* out = reinterpret_cast<Sum*>(static_cast<int32_t*>(dots) + r * kBlockQueries + q);
            const auto* block = packed + q * C::kCodesPerLane;
            const int32_t* query_sums = queries.sums + q;
            if (r + row_count <= rows.count) {
                dot_in_registers<C, row_count, vectors>(block, row, queries.dim, stride, query_sums,
                                                        out);
                continue;
            }
            for (size_t i = 0; r + i < rows.count; ++i)
                dot_in_registers<C, 1, vectors>(block, row + i * stride, queries.dim, stride,
                                                query_sums,
                                                out + i * (kBlockQueries / kLanes<Sum>));
        }
    }
}
