// Dot products of a block of 32 packed queries with contiguous int8 rows, through matrix tiles.
//
// 2 tiles of 16 rows by 2 tiles of 16 queries make 4 tiles of sums. Rows are read in place; packed
// queries (block.inl.hpp) already have the layout of a tile. `Unit` executes the tile instructions,
// so that tests can replace the hardware by a model.

template <class C, class Unit>
void dot_block_tiles(const QueryBlock& queries, const Rows& rows, void* dots) {
    constexpr size_t tile_rows = 32, codes_per_step = 64,
                     query_bytes = kBlockQueries * C::kCodesPerLane;
    const auto* packed = static_cast<const std::byte*>(queries.codes);
    auto* out = static_cast<int32_t*>(dots);
    const size_t whole = rows.count / tile_rows * tile_rows;
    alignas(kLine) int32_t corrections[kBlockQueries];
    for (size_t q = 0; q < kBlockQueries; ++q) corrections[q] = -C::kOffset * queries.sums[q];
    Unit unit;
    for (size_t r = 0; r < whole; r += tile_rows) {
        unit.start(corrections);
        for (size_t at = 0; at < rows.row_bytes; at += codes_per_step)
            unit.accumulate(rows.at(r) + at, rows.row_bytes, packed + at * kBlockQueries,
                            query_bytes);
        unit.store(out + r * kBlockQueries);
    }
    const Rows tail{rows.at(whole), rows.row_bytes, rows.count - whole};
    dot_block<C>(queries, tail, out + whole * kBlockQueries);
}

// Executes multiply-adds on tile registers only and returns their number.
template <class Unit>
uint64_t multiply_adds_tiles(size_t rounds, const void*) {
    const Unit unit;
    for (size_t round = 0; round < rounds; ++round) unit.multiply();
    return rounds * 4 * 16 * 16 * 64;
}
