// Thirty-two queries against contiguous rows. The queries are packed once: for each group of
// kPerLane codes, those of query 0, then of query 1, ... A step then multiplies the codes of as many
// queries as there are lanes by the same codes of one row, and nothing is left to fold.

// Whole lines of a row: tiles read so much.
template <class C>
inline size_t packed_bytes(size_t dim) {
    constexpr size_t per_line = kLine / sizeof(typename C::Row);
    return (dim + per_line - 1) / per_line * per_line * kBlockQueries * sizeof(typename C::Lane);
}

template <class C>
void pack_block(const Query* queries, size_t count, size_t dim, void* block) {
    std::memset(block, 0, packed_bytes<C>(dim));
    auto* out = static_cast<typename C::Lane*>(block);
    for (size_t q = 0; q < count; ++q) {
        const auto* plain = static_cast<const typename C::Plain*>(queries[q].codes);
        for (size_t i = 0; i < dim; ++i) {
            const size_t group = i / C::kPerLane, slot = i % C::kPerLane;
            out[(group * kBlockQueries + q) * C::kPerLane + slot] = plain[i];
        }
    }
}

// `RowCount` rows, `stride` codes apart, by `Vectors` vectors of queries, all sums in registers.
template <class C, size_t RowCount, size_t Vectors>
inline void dot_patch(const typename C::Lane* queries, const typename C::Row* rows, size_t dim,
                      size_t stride, const int32_t* query_sums, typename C::Sum* dots) {
    using Sum = typename C::Sum;
    constexpr size_t per_vector = kLanes<Sum> * C::kPerLane;
    Sum sums[RowCount][Vectors] = {};
    if constexpr (C::kOffset != 0) {
        for (size_t v = 0; v < Vectors; ++v) {
            std::memcpy(&sums[0][v], query_sums + v * kLanes<Sum>, sizeof(Sum));
            sums[0][v] *= 0U - uint32_t{C::kOffset};
            for (size_t r = 1; r < RowCount; ++r) sums[r][v] = sums[0][v];
        }
    }
    for (size_t at = 0; at < dim; at += C::kPerLane, queries += kBlockQueries * C::kPerLane) {
        decltype(C::packed(queries)) q[Vectors];
        for (size_t v = 0; v < Vectors; ++v) q[v] = C::packed(queries + v * per_vector);
        for (size_t r = 0; r < RowCount; ++r) {
            const auto spread = C::spread(rows + r * stride + at);
            for (size_t v = 0; v < Vectors; ++v) sums[r][v] = C::step(sums[r][v], q[v], spread);
        }
    }
    for (size_t r = 0; r < RowCount; ++r)
        for (size_t v = 0; v < Vectors; ++v) dots[r * (kBlockQueries / kLanes<Sum>)+v] = sums[r][v];
}

// dots[row * kBlockQueries + query]
template <class C>
void dot_block(const QueryBlock& queries, const Rows& rows, void* dots) {
    using Sum = typename C::Sum;
    constexpr size_t row_count = kLanes<Sum> == 16 ? 8 : 4, vectors = 2;
    constexpr size_t queries_at_once = vectors * kLanes<Sum>;
    const size_t stride = rows.row_bytes / sizeof(typename C::Row);
    const auto* packed = static_cast<const typename C::Lane*>(queries.codes);
    for (size_t r = 0; r < rows.count; r += row_count) {
        const auto* row = reinterpret_cast<const typename C::Row*>(rows.at(r));
        for (size_t q = 0; q < kBlockQueries; q += queries_at_once) {
            auto* out = reinterpret_cast<Sum*>(static_cast<int32_t*>(dots) + r * kBlockQueries + q);
            const auto* from = packed + q * C::kPerLane;
            const int32_t* query_sums = queries.sums + q;
            if (r + row_count <= rows.count) {
                dot_patch<C, row_count, vectors>(from, row, queries.dim, stride, query_sums, out);
                continue;
            }
            for (size_t i = 0; r + i < rows.count; ++i)
                dot_patch<C, 1, vectors>(from, row + i * stride, queries.dim, stride, query_sums,
                                         out + i * (kBlockQueries / kLanes<Sum>));
        }
    }
}
