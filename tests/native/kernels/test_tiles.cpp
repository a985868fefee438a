// Tests the tile kernel on a model of the tile unit, so that machines without tiles cover its
// addressing. test_kernels covers the hardware where it exists.
#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "check.hpp"
#include "samples.hpp"

namespace {

using namespace vecq;

using F32 = float;

// A code type of one lane with four codes, packed as for VNNI and AMX.
struct Int8Quads {
    using RowCode = uint8_t;
    using QueryCode = int8_t;
    using PackedCode = int8_t;
    using Sum = uint32_t;
    static constexpr size_t kCodesPerLane = 4;
    static constexpr int32_t kOffset = kRowOffset;
    static std::array<int8_t, 4> load_query(const QueryCode* q) { return {q[0], q[1], q[2], q[3]}; }
    static std::array<int8_t, 4> load_packed(const PackedCode* q) { return load_query(q); }
    static std::array<uint8_t, 4> load_row(const RowCode* r) { return {r[0], r[1], r[2], r[3]}; }
    static std::array<uint8_t, 4> broadcast(const RowCode* r) { return load_row(r); }
    static Sum accumulate(Sum sum, std::array<int8_t, 4> q, std::array<uint8_t, 4> r) {
        for (size_t i = 0; i < 4; ++i) sum += static_cast<uint32_t>(q[i] * r[i]);
        return sum;
    }
};

#include "kernels/fold.inl.hpp"

#include "kernels/dot.inl.hpp"

#include "kernels/block.inl.hpp"

#include "kernels/tiles.inl.hpp"

// A model of HardwareTiles, written from the definition of its instructions.
struct ModelTiles {
    uint32_t sums[4][16][16];

    void start(const int32_t* initial_sums) {
        for (size_t tile = 0; tile < 4; ++tile)
            for (size_t r = 0; r < 16; ++r)
                std::memcpy(sums[tile][r], initial_sums + tile % 2 * 16, sizeof sums[tile][r]);
    }

    void accumulate(const std::byte* rows, size_t row_bytes, const std::byte* queries,
                    size_t query_bytes) {
        for (size_t tile = 0; tile < 4; ++tile)
            multiply(sums[tile], rows + tile / 2 * 16 * row_bytes, row_bytes,
                     queries + tile % 2 * 64, query_bytes);
    }

    void store(int32_t* dots) const {
        for (size_t tile = 0; tile < 4; ++tile)
            for (size_t r = 0; r < 16; ++r)
                std::memcpy(dots + (tile / 2 * 16 + r) * kBlockQueries + tile % 2 * 16,
                            sums[tile][r], sizeof sums[tile][r]);
    }

private:
    static void multiply(uint32_t (&sums)[16][16], const std::byte* a, size_t a_stride,
                         const std::byte* b, size_t b_stride) {
        for (size_t m = 0; m < 16; ++m)
            for (size_t k = 0; k < 64; ++k)
                for (size_t n = 0; n < 16; ++n) {
                    const auto code = static_cast<uint8_t>(a[m * a_stride + k]);
                    const auto query = static_cast<int8_t>(b[k / 4 * b_stride + n * 4 + k % 4]);
                    sums[m][n] += static_cast<uint32_t>(code * query);
                }
    }
};

}  // namespace

TEST(tiles_score_blocks) {
    constexpr size_t max_rows = 97;
    for (size_t dim : {1, 63, 64, 65, 128, 200, 768})
        for (samples::Pattern pattern : samples::kPatterns) {
            const samples::Matrix rows(Width::int8, dim, max_rows, pattern, 1);
            const samples::Matrix queries(Width::int8, dim, kBlockQueries, samples::Pattern::random,
                                          2);
            Query block[kBlockQueries];
            int32_t sums[kBlockQueries];
            for (size_t q = 0; q < kBlockQueries; ++q) {
                block[q] = queries.query(q);
                sums[q] = block[q].sum;
            }
            const size_t codes = padded_codes(Width::int8, dim);
            const Memory packed(packed_bytes<Int8Quads>(dim)), dots(max_rows * kBlockQueries * 4);
            pack_block<Int8Quads>(block, kBlockQueries, dim, packed.as<void>());
            for (size_t count : {0, 1, 31, 32, 33, 64, 97}) {
                dot_block_tiles<Int8Quads, ModelTiles>(
                    {packed.as<void>(), sums, dim}, {rows.rows(), codes, count}, dots.as<void>());
                for (size_t r = 0; r < count; ++r)
                    for (size_t q = 0; q < kBlockQueries; ++q) {
                        const auto expected =
                            samples::exact(queries.values(q), rows.values(r), dim).dot;
                        const int32_t got = dots.as<int32_t>()[r * kBlockQueries + q];
                        CHECK(got == static_cast<int32_t>(expected), dim, count, r, q);
                    }
            }
        }
}
