// Tests the kernels of bulk building on every instruction set: nearest columns against sorting all
// distances, distances and pruning against their definitions.
#include <algorithm>
#include <cstring>
#include <vector>

#include "base/rng.hpp"
#include "check.hpp"
#include "engine/engine.hpp"

using namespace vecq;

namespace {

constexpr size_t kRows = 7;

// Dots and affines whose distances differ by more than the low bits that hold columns.
struct Leaf {
    size_t columns;
    std::vector<int32_t> dots;  // [block][row][kBlockQueries]
    std::vector<Affine> affine;
    std::vector<float> factors, offsets;

    Leaf(size_t columns, uint64_t seed) : columns(columns) {
        Random random(seed);
        const size_t blocks = (columns + kBlockQueries - 1) / kBlockQueries;
        for (size_t i = 0; i < blocks * kRows * kBlockQueries; ++i)
            dots.push_back(static_cast<int32_t>(random.below(2000)) - 1000);
        for (size_t i = 0; i < blocks * kBlockQueries; ++i) {
            const bool is_present = i < columns;
            affine.push_back({is_present ? 1.0F : 0.0F, is_present ? -2000.0F : 0.0F});
            factors.push_back(affine.back().a);
            offsets.push_back(is_present ? 2000.0F : kAbsentColumn);
        }
    }
    float distance(size_t row, size_t column) const {
        const size_t block = column / kBlockQueries;
        const auto dot = static_cast<float>(
            dots[(block * kRows + row) * kBlockQueries + column % kBlockQueries]);
        return 4000.0F - 0.5F * dot;
    }
};

// FP32 rows on a line, whose distances are the squared differences of their places.
struct Line {
    static constexpr size_t kDim = 16;
    const size_t bytes = row_bytes(Width::fp32, kDim);
    const std::vector<float> places;
    const Memory codes;
    std::vector<Affine> affine;

    explicit Line(std::vector<float> given)
        : places(std::move(given)), codes(places.size() * bytes) {
        for (size_t i = 0; i < places.size(); ++i) {
            codes.as<float>()[i * bytes / sizeof(float)] = places[i];
            affine.push_back({2, -places[i] * places[i]});
        }
    }
    ScoredRows scored() const {
        return {{codes.as<std::byte>(), bytes, places.size()}, kDim, affine.data()};
    }
};

// Only the first `shown` columns may be selected.
void check_nearest(const Engine& engine, Width width, size_t columns, size_t wanted, size_t own,
                   size_t shown) {
    Leaf leaf(columns, columns + wanted);
    std::vector<float> offsets = leaf.offsets;
    std::fill(offsets.begin() + static_cast<ptrdiff_t>(shown), offsets.end(), kAbsentColumn);
    const bool is_float = width == Width::fp32 || width == Width::fp16;
    std::vector<float> floats(leaf.dots.begin(), leaf.dots.end());
    std::vector<uint16_t> nearest(kRows * wanted);
    std::vector<float> distances(kRows * wanted);
    uint8_t counts[kRows];
    const void* dots = is_float ? static_cast<const void*>(floats.data()) : leaf.dots.data();
    const Affine* rows = own == kNoColumn ? leaf.affine.data() : leaf.affine.data() + own;
    engine[width].nearest({dots,
                           kRows,
                           leaf.factors.size(),
                           {{0.5F, 1}, 0},
                           rows,
                           leaf.affine.data(),
                           leaf.factors.data(),
                           offsets.data(),
                           own,
                           wanted,
                           nearest.data(),
                           distances.data(),
                           counts});
    for (size_t r = 0; r < kRows; ++r) {
        std::vector<float> expected;
        for (size_t c = 0; c < shown; ++c)
            if (own == kNoColumn || c != own + r) expected.push_back(leaf.distance(r, c));
        std::ranges::sort(expected);
        const size_t count = std::min(wanted, expected.size());
        CHECK(counts[r] == count, engine.name, int(width), columns, wanted, r, counts[r]);
        for (size_t i = 0; i < count; ++i) {
            const size_t at = r * wanted + i;
            CHECK(distances[at] == leaf.distance(r, nearest[at]), engine.name, columns, r, i);
            // Keys round distances down to 14 bits.
            CHECK(distances[at] <= expected[i] * (1 + 0x1p-12F), engine.name, columns, r, i);
        }
    }
}

}  // namespace

TEST(nearest_columns_are_found) {
    for (const Engine* engine : engines()) {
        if (engine->missing() != nullptr) continue;
        for (const Width width : {Width::fp32, Width::int8})
            for (const size_t columns : {7, 8, 31, 32, 33, 100, 1024})
                for (const size_t wanted : {1, 3, 10, 16}) {
                    check_nearest(*engine, width, columns, wanted, kNoColumn, columns);
                    check_nearest(*engine, width, columns, wanted, kNoColumn, columns / 2);
                    check_nearest(*engine, width, columns, wanted, columns - kRows, columns);
                }
    }
}

TEST(distances_to_any_number_of_rows) {
    constexpr size_t rows = 40;
    std::vector<float> places;
    std::vector<uint32_t> others;
    for (uint32_t row = 0; row < rows; ++row) {
        places.push_back(static_cast<float>(row));
        others.push_back((row * 7 + 3) % rows);
    }
    const Line line(places);
    const Memory scratch(line.bytes);
    for (const Engine* engine : engines()) {
        if (engine->missing() != nullptr) continue;
        for (const size_t count : {0, 1, 15, 16, 17, 40}) {
            float distances[rows + 1];
            std::fill(std::begin(distances), std::end(distances), -1.0F);
            (*engine)[Width::fp32].distances(
                {line.scored(), {{0.5F, 1}, 0}, 5, others.data(), count, distances},
                scratch.as<std::byte>());
            for (size_t i = 0; i < count; ++i) {
                const float step = static_cast<float>(others[i]) - 5;
                CHECK(distances[i] == step * step, engine->name);
            }
            CHECK(distances[count] == -1, engine->name);
        }
    }
}

TEST(pruning_keeps_candidates_that_no_selected_one_occludes) {
    // Rows on a line at 1, 2, 3, ... on the side of x, and at -1, -2, ... on the other side.
    constexpr size_t count = 21;
    std::vector<float> places;
    for (size_t i = 0; i < count; ++i) {
        const auto step = static_cast<float>((i + 1) / 2);
        places.push_back(i % 2 == 0 ? step : -step);
    }
    const Line line(places);
    const Memory scratch(line.bytes);
    std::vector<Neighbor> candidates;
    for (uint32_t i = 1; i < count; ++i)
        candidates.push_back(neighbor_of(places[i] * places[i], i));
    candidates.insert(candidates.begin(), neighbor_of(0, 0));
    for (const Engine* engine : engines()) {
        if (engine->missing() != nullptr) continue;
        PruneJob job{
            line.scored(), {{0.5F, 1}, 0}, 0, candidates.data(), candidates.size(), 8, 0, 1};
        Neighbor selected[8];
        const auto prune = [&] {
            return (*engine)[Width::fp32].prune(job, selected, scratch.as<std::byte>());
        };
        // Of each side only the nearest stays, and the equal row.
        CHECK(prune() == 3, engine->name);
        CHECK(row_of(selected[0]) == 0 && row_of(selected[1]) == 1 && row_of(selected[2]) == 2);
        job.filled = 5;
        CHECK(prune() == 5, engine->name);
        CHECK(row_of(selected[3]) == 3 && row_of(selected[4]) == 4);
        job.max_selected = 2;
        CHECK(prune() == 2, engine->name);
        job.count = 0;
        job.filled = 0;
        CHECK(prune() == 0, engine->name);
    }
}
