// Tests every kernel of every instruction set against double arithmetic, which is exact for codes.
#include <cstring>
#include <iterator>

#include "check.hpp"
#include "engine/engine.hpp"
#include "samples.hpp"

using namespace vecq;
using samples::Matrix;

namespace {

constexpr size_t kRowCount = 17;

std::vector<size_t> all_dims() {
    std::vector<size_t> dims;
    for (size_t dim = 1; dim <= 300; ++dim) dims.push_back(dim);
    for (size_t dim : {384, 511, 512, 768, 1024, 1536, 4096, 65535}) dims.push_back(dim);
    return dims;
}

bool is_integer(Width width) { return width == Width::int8 || width == Width::int16; }

// Integer dots must be exact. Float dots in any order of summation err by at most dim * 2^-24 times
// the sum of magnitudes.
bool agrees(Width width, size_t dim, const samples::Exact& expected, const void* dot) {
    if (is_integer(width)) return std::memcmp(&expected.wrapped, dot, 4) == 0;
    float actual;
    std::memcpy(&actual, dot, 4);
    return std::fabs(actual - expected.dot) <=
           (static_cast<double>(dim) + 1) * 0x1p-24 * expected.magnitude;
}

// A row order with jumps and repetitions.
uint32_t row_at(size_t i) { return static_cast<uint32_t>(i * 5 % kRowCount); }

void check_dot_rows(const Engine& engine, Width width, size_t dim, const Matrix& queries,
                    const Matrix& rows, const std::vector<samples::Exact>& expected) {
    constexpr uint32_t guard = 0xdeadbeef;
    uint32_t ids[kRowCount], dots[kRowCount + 1];
    for (size_t i = 0; i < kRowCount; ++i) ids[i] = row_at(i);
    const Rows all{rows.rows(), row_bytes(width, dim), kRowCount};
    for (size_t count : {0, 1, 15, 16, 17}) {
        std::fill_n(dots, kRowCount + 1, guard);
        engine[width].dot_rows(queries.query(0), all, ids, count, dots);
        for (size_t i = 0; i < count; ++i)
            CHECK(agrees(width, dim, expected[ids[i]], dots + i), engine.name, int(width), dim, i);
        CHECK(dots[count] == guard, engine.name, int(width), dim, count);
    }
}

void check_dot_block(const Engine& engine, Width width, size_t dim, const Matrix& queries,
                     const Matrix& rows, const std::vector<samples::Exact>& expected) {
    constexpr size_t query_count = 2;
    const Kernels& kernels = engine[width];
    const Query block[query_count] = {queries.query(0), queries.query(0)};
    const int32_t sums[kBlockQueries] = {block[0].sum, block[1].sum};
    const Memory packed(kernels.packed_bytes(dim)), dots((kRowCount + 1) * kBlockQueries * 4);
    kernels.pack_block(block, query_count, dim, packed.as<void>());
    for (const size_t used : {query_count, size_t{16}, size_t{17}, kBlockQueries})
        for (size_t count : {0, 1, 15, 16, 17}) {
            std::memset(dots.as<void>(), 0x5a, dots.bytes());
            kernels.dot_block({packed.as<void>(), sums, dim, used},
                              {rows.rows(), row_bytes(width, dim), count}, dots.as<void>());
            const auto* got = dots.as<uint32_t>();
            for (size_t r = 0; r < count; ++r)
                for (size_t q = 0; q < used; ++q) {
                    const samples::Exact zero;
                    CHECK(agrees(width, dim, q < query_count ? expected[r] : zero,
                                 got + r * kBlockQueries + q),
                          engine.name, int(width), dim, r, q, used);
                }
            CHECK(got[count * kBlockQueries] == 0x5a5a5a5a, engine.name, int(width), dim, count);
        }
}

void check_width(Width width) {
    for (const Engine* engine : engines())
        if (const char* reason = engine->missing()) SKIP(std::string(engine->name) + ": " + reason);
    for (size_t dim : all_dims())
        for (samples::Pattern pattern : samples::kPatterns) {
            const auto seed = static_cast<unsigned>(dim);
            const Matrix rows(width, dim, kRowCount, pattern, seed);
            const Matrix queries(width, dim, 1, dim % 2 == 0 ? samples::Pattern::random : pattern,
                                 seed + 1);
            std::vector<samples::Exact> expected;
            for (size_t r = 0; r < kRowCount; ++r)
                expected.push_back(samples::exact(queries.values(0), rows.values(r), dim));
            for (const Engine* engine : engines()) {
                if (engine->missing() != nullptr) continue;
                check_dot_rows(*engine, width, dim, queries, rows, expected);
                check_dot_block(*engine, width, dim, queries, rows, expected);
            }
        }
}

}  // namespace

TEST(kernels_fp32) { check_width(Width::fp32); }
TEST(kernels_fp16) { check_width(Width::fp16); }
TEST(kernels_int16) { check_width(Width::int16); }
TEST(kernels_int8) { check_width(Width::int8); }

TEST(int16_intermediate_sums_may_wrap) {
    // The first half of the products sums to 2^35, the second to almost -2^35.
    constexpr size_t dim = 64;
    const Memory row(row_bytes(Width::int16, dim));
    int16_t query[dim];
    for (size_t i = 0; i < dim; ++i) {
        row.as<int16_t>()[i] = -32768;
        query[i] = i < dim / 2 ? -32768 : 32767;
    }
    const Rows rows{row.as<std::byte>(), row.bytes(), 1};
    const uint32_t id = 0;
    for (const Engine* engine : engines()) {
        if (engine->missing() != nullptr) continue;
        int32_t dot = 0;
        (*engine)[Width::int16].dot_rows({query, 0}, rows, &id, 1, &dot);
        CHECK(dot == int32_t{32768} * int32_t{dim / 2}, engine->name, dot);
    }
}

TEST(probes_count_operations_and_read_rows) {
    const Memory line(kLine), rows(64 * kLine);
    for (size_t i = 0; i < rows.bytes() / 4; ++i)
        rows.as<uint32_t>()[i] = static_cast<uint32_t>(i * 2654435761U);
    const uint32_t ids[] = {3, 60, 3, 17, 0, 1, 2, 63, 5, 9, 17};
    uint32_t expected = 0;
    for (uint32_t id : ids)
        for (size_t i = 0; i < 16; ++i) expected ^= rows.as<uint32_t>()[id * 16 + i];
    for (const Engine* engine : engines()) {
        if (engine->missing() != nullptr) continue;
        const Probes& probes = engine->probes;
        CHECK(probes.read_rows({rows.as<std::byte>(), kLine, 64}, ids, std::size(ids)) == expected,
              engine->name);
        for (const auto& of_width : {probes.multiply_adds, probes.block_multiply_adds})
            for (size_t width = 0; width < kWidths; ++width) {
                const uint64_t one = of_width[width](1, line.as<void>());
                CHECK(one > 0 && of_width[width](10, line.as<void>()) == 10 * one, engine->name);
            }
    }
}
