// Cells: most rows get their nearest leader, and none a farther one than its coarse leader.
#include <vector>

#include "build/bulk_cells.hpp"
#include "check.hpp"
#include "random_vector.hpp"

using namespace vecq;
using samples::random_vector;

namespace {

constexpr size_t kDim = 8, kRows = 20'000, kLeaders = 400;

struct TestTable {
    explicit TestTable(const std::vector<float>& vectors)
        : vectors(vectors),
          state({.metric = Metric::l2}, Codec(kDim, {}, active_engine().quantizing), nullptr) {
        state.rows.reserve(kRows);
        state.rows.append(vectors.data(), kRows, 0, 1);
        for (uint32_t row = 0; row < kRows; ++row) state.rows.derive_link_affine(row);
    }

    float distance(uint32_t a, uint32_t b) const {
        float sum = 0;
        for (size_t i = 0; i < kDim; ++i) {
            const float difference = vectors[a * kDim + i] - vectors[b * kDim + i];
            sum += difference * difference;
        }
        return sum;
    }

    const std::vector<float>& vectors;
    IndexState state;
};

// Returns the nearest of the first `count` leaders.
uint16_t nearest_of(const TestTable& rows, const std::vector<uint32_t>& leaders, size_t count,
                    uint32_t row) {
    uint16_t nearest = 0;
    for (uint16_t i = 1; i < count; ++i)
        if (rows.distance(row, leaders[i]) < rows.distance(row, leaders[nearest])) nearest = i;
    return nearest;
}

std::vector<uint16_t> assign(const TestTable& rows, const std::vector<uint32_t>& leaders,
                             const std::vector<uint32_t>& members) {
    const size_t coarse = BulkCells::coarse_count(leaders.size());
    std::vector<uint16_t> assigned;
    for (const uint32_t row : members) assigned.push_back(nearest_of(rows, leaders, coarse, row));
    BulkColumns columns(rows.state);
    columns.load(std::span(leaders).first(coarse));
    const BulkCells cells(leaders, assigned, columns);
    size_t seen = 0;
    for (const BulkCells::Part& part : cells.parts()) {
        seen += part.places.size();
        cells.assign(part, members, columns, assigned);
    }
    CHECK(seen == members.size(), seen);
    return assigned;
}

// Half of the rows lie in one cluster, whose cell makes several parts.
std::vector<float> vectors_of(uint64_t seed) {
    std::vector<float> vectors = random_vector(kRows * kDim, seed);
    for (size_t row = 0; row < kRows; row += 2)
        for (size_t i = 0; i < kDim; ++i) vectors[row * kDim + i] = 2 + vectors[row * kDim + i] / 2;
    return vectors;
}

}  // namespace

TEST(cells_find_the_nearest_leader_of_most_rows) {
    const std::vector<float> vectors = vectors_of(1);
    const TestTable rows(vectors);
    std::vector<uint32_t> leaders(kLeaders), members;
    for (uint32_t i = 0; i < kLeaders; ++i) leaders[i] = i * 37 % kRows;
    for (uint32_t row = 0; row < kRows; ++row)
        if (row % 3 != 0) members.push_back(row);
    const std::vector<uint16_t> assigned = assign(rows, leaders, members);
    const size_t coarse = BulkCells::coarse_count(kLeaders);
    size_t found = 0;
    float sum = 0, least = 0;
    for (size_t i = 0; i < members.size(); ++i) {
        const auto to = [&](uint16_t leader) { return rows.distance(members[i], leaders[leader]); };
        const uint16_t nearest = nearest_of(rows, leaders, kLeaders, members[i]);
        found += assigned[i] == nearest;
        sum += to(assigned[i]);
        least += to(nearest);
        // Codes are rounded.
        CHECK(to(assigned[i]) <= to(nearest_of(rows, leaders, coarse, members[i])) * 1.1F + 0.01F);
    }
    CHECK(found * 4 > members.size() * 3, found);
    CHECK(sum < 1.1F * least, sum, least);
}

TEST(cells_of_coarse_leaders_alone_change_nothing) {
    const std::vector<float> vectors = vectors_of(2);
    const TestTable rows(vectors);
    const std::vector<uint32_t> leaders{5, 100, 9000}, members{0, 5, 100, 8999, 9000};
    const std::vector<uint16_t> assigned = assign(rows, leaders, members);
    for (size_t i = 0; i < members.size(); ++i)
        CHECK(assigned[i] == nearest_of(rows, leaders, leaders.size(), members[i]), i);
}

TEST(coarse_leaders_are_a_part_of_many) {
    for (size_t leaders = BulkCells::kLeastLeaders; leaders <= BulkCells::kMostLeaders; ++leaders) {
        const size_t coarse = BulkCells::coarse_count(leaders);
        CHECK(coarse * 4 <= leaders && coarse * coarse >= leaders && coarse <= kMaxColumns,
              leaders);
    }
}
