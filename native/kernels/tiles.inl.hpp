// Thirty-two queries against contiguous int8 rows through tiles: 2 tiles of 16 rows by 2 tiles of 16
// queries make 4 tiles of sums. Rows are read where they lie; the packing of block.inl.hpp is already
// what a tile of queries looks like. `Unit` executes the tile instructions.

template <class C, class Unit>
void dot_block_tiles(const QueryBlock& queries, const Rows& rows, void* dots) {
    constexpr size_t tile_rows = 32, codes_per_step = 64, query_bytes = kBlockQueries * C::kPerLane;
    const auto* packed = static_cast<const std::byte*>(queries.codes);
    auto* out = static_cast<int32_t*>(dots);
    const size_t whole = rows.count / tile_rows * tile_rows;
    alignas(kLine) int32_t corrections[kBlockQueries];
    for (size_t q = 0; q < kBlockQueries; ++q) corrections[q] = -C::kOffset * queries.sums[q];
    Unit unit;
    for (size_t r = 0; r < whole; r += tile_rows) {
        unit.start(corrections);
        for (size_t at = 0; at < rows.row_bytes; at += codes_per_step)
            unit.step(rows.at(r) + at, rows.row_bytes, packed + at * kBlockQueries, query_bytes);
        unit.store(out + r * kBlockQueries);
    }
    const Rows rest{rows.at(whole), rows.row_bytes, rows.count - whole};
    dot_block<C>(queries, rest, out + whole * kBlockQueries);
}

template <class Unit>
uint64_t multiply_adds_tiles(size_t rounds, const void*) {
    const Unit unit;
    for (size_t round = 0; round < rounds; ++round) unit.multiply();
    return rounds * 4 * 16 * 16 * 64;
}
