// Tests affines in the padding of rows on every instruction set: they read as written, change no
// code, dot or query, and walks score by them.
#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>

#include "base/row_affine.hpp"
#include "check.hpp"
#include "engine/engine.hpp"
#include "walks.hpp"

using namespace vecq;

namespace {

constexpr size_t kRowCount = 17;
constexpr Width kNarrowWidths[] = {Width::int8, Width::int12, Width::int8_planes, Width::int4};
constexpr size_t kDims[] = {1, 7, 50, 56, 64, 96, 100, 112, 120, 129, 200, 300, 1000};
constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Random bytes of codes, the same with affines in them, and a query.
struct Sample {
    size_t dim, bytes, padded;
    RowAffine place;
    Memory plain, holding, codes;
    std::vector<Affine> affine;
    Query query{};

    Sample(Width width, size_t dim)
        : dim(dim),
          bytes(row_bytes(width, dim)),
          padded(padded_codes(width, dim)),
          place(width, dim),
          plain(kRowCount * bytes),
          holding(kRowCount * bytes),
          codes(padded) {
        std::mt19937 random(static_cast<unsigned>(dim));
        for (size_t i = 0; i < plain.bytes(); ++i)
            plain.as<uint8_t>()[i] = static_cast<uint8_t>(random());
        std::memcpy(holding.as<void>(), plain.as<void>(), plain.bytes());
        for (size_t r = 0; r < kRowCount; ++r) {
            affine.push_back({std::ldexp(1.0F, static_cast<int>(r) - 8), -static_cast<float>(r)});
            if (place) place.write(holding.as<std::byte>() + r * bytes, affine[r]);
        }
        int32_t sum = 0;
        for (size_t i = 0; i < dim; ++i)
            sum += codes.as<int8_t>()[i] =
                static_cast<int8_t>(static_cast<int>(random() % 255) - 127);
        query = {codes.as<void>(), sum};
    }
    Rows rows(const Memory& memory) const { return {memory.as<std::byte>(), bytes, kRowCount}; }
};

template <class Body>
void each_sample(Body&& body) {
    for (const Width width : kNarrowWidths)
        for (const size_t dim : kDims) {
            const Sample sample(width, dim);
            if (!sample.place) continue;
            for (const Engine* engine : engines())
                if (engine->missing() == nullptr) body(sample, (*engine)[width], engine->name);
        }
}

}  // namespace

TEST(row_affine_needs_padding) {
    const auto fits = [](Width width, size_t dim) { return bool(RowAffine(width, dim)); };
    for (const size_t dim : {1, 56, 65, 100, 120, 129}) CHECK(fits(Width::int8, dim), dim);
    for (const size_t dim : {57, 64, 121, 128, 256}) CHECK(!fits(Width::int8, dim), dim);
    for (const Width width : {Width::int12, Width::int8_planes, Width::int4}) {
        for (const size_t dim : {1, 64, 112, 129, 300}) CHECK(fits(width, dim), dim);
        for (const size_t dim : {113, 128, 256, 384}) CHECK(!fits(width, dim), dim);
    }
    for (const Width width : {Width::fp32, Width::fp16, Width::int16})
        CHECK(!fits(width, 1) && !fits(width, 100));
}

TEST(row_affine_reads_as_written) {
    const float extremes[] = {0,
                              -0.0F,
                              1,
                              -1,
                              std::numeric_limits<float>::max(),
                              std::numeric_limits<float>::denorm_min(),
                              kInfinity};
    for (const Width width : kNarrowWidths)
        for (const float a : extremes)
            for (const float c : extremes) {
                Sample sample(width, 100);
                auto* row = sample.holding.as<std::byte>();
                sample.place.write(row, {a, c});
                const Affine read = sample.place.read(row);
                CHECK(std::memcmp(&read.a, &a, sizeof a) == 0, a, read.a);
                CHECK(std::memcmp(&read.c, &c, sizeof c) == 0, c, read.c);
                CHECK(
                    sample.place.has_equal_codes(row, sample.plain.as<std::byte>(), sample.bytes));
            }
}

TEST(row_affine_differs_from_codes) {
    for (const Width width : kNarrowWidths) {
        Sample sample(width, 100);
        const auto* plain = sample.plain.as<std::byte>();
        auto* row = sample.holding.as<std::byte>();
        for (size_t bit = 0; bit < 8 * sample.bytes; ++bit) {
            row[bit / 8] ^= std::byte{1} << bit % 8;
            const bool is_equal = sample.place.has_equal_codes(row, plain, sample.bytes);
            Sample written(width, 100);
            written.place.write(row, written.affine[0]);
            const bool is_affine =
                std::memcmp(row, written.holding.as<std::byte>(), sample.bytes) == 0;
            CHECK(is_equal == is_affine, bit);
            std::memcpy(row, written.holding.as<std::byte>(), sample.bytes);
        }
    }
}

TEST(row_affine_changes_no_dot_and_no_query) {
    each_sample([](const Sample& sample, const Kernels& kernels, const char* engine) {
        uint32_t ids[kRowCount];
        std::iota(ids, ids + kRowCount, 0);
        const Memory packed(kernels.packed_bytes(sample.dim));
        const int32_t sums[kBlockQueries] = {sample.query.sum};
        kernels.pack_block(&sample.query, 1, sample.dim, packed.as<void>());
        int32_t dots[2][kRowCount];
        const Memory blocks[2] = {Memory(kRowCount * kBlockQueries * sizeof(int32_t)),
                                  Memory(kRowCount * kBlockQueries * sizeof(int32_t))};
        const Memory codes[2] = {Memory(kernels.row_query_bytes(sample.bytes)),
                                 Memory(kernels.row_query_bytes(sample.bytes))};
        Query queries[2];
        for (const size_t i : {0, 1}) {
            const Rows rows = sample.rows(i == 0 ? sample.plain : sample.holding);
            kernels.dot_rows(sample.query, rows, ids, kRowCount, dots[i]);
            kernels.dot_block({packed.as<void>(), sums, sample.dim}, rows, blocks[i].as<void>());
            queries[i] =
                kernels.row_query(rows.at(5), sample.bytes, sample.dim, codes[i].as<void>());
        }
        CHECK(std::memcmp(dots[0], dots[1], sizeof dots[0]) == 0, engine, sample.dim);
        for (size_t r = 0; r < kRowCount; ++r)
            CHECK(blocks[0].as<int32_t>()[r * kBlockQueries] ==
                      blocks[1].as<int32_t>()[r * kBlockQueries],
                  engine, sample.dim, r);
        CHECK(queries[0].sum == queries[1].sum &&
                  std::memcmp(queries[0].codes, queries[1].codes, sample.padded) == 0,
              engine, sample.dim);
        const auto* of_row = static_cast<const int8_t*>(queries[1].codes);
        CHECK(std::all_of(of_row + sample.dim, of_row + sample.padded,
                          [](int8_t code) { return code == 0; }),
              engine, sample.dim);
    });
}

// A walk reads the affine of the row alone, unless searches add biases.
TEST(row_affine_scores_walks) {
    each_sample([](const Sample& sample, const Kernels& kernels, const char* engine) {
        EncodedQuery query{};
        query.parts[0] = sample.query;
        query.part_count = 1;
        query.scale = 1;
        query.bias = 1;
        ScoredRows by_array{sample.rows(sample.plain), sample.dim, sample.affine.data()};
        by_array.walk_affine = sample.affine.data();
        const std::vector<Affine> wrong(kRowCount, {7, 7});
        ScoredRows by_row{sample.rows(sample.holding), sample.dim, wrong.data()};
        by_row.row_affine = sample.place;
        CHECK(walks::scores_of_all(kernels, query, by_row) ==
                  walks::scores_of_all(kernels, query, by_array),
              engine, sample.dim);
        std::vector<BiasedAffine> biased;
        for (const Affine& affine : sample.affine) biased.push_back({affine, 3, 0});
        query.item_bias_weight = 2;
        by_row.biased = by_array.biased = biased.data();
        CHECK(walks::scores_of_all(kernels, query, by_row) ==
                  walks::scores_of_all(kernels, query, by_array),
              engine, sample.dim);
    });
}
