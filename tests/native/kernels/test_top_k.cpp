// TopK, checked against a sort; RowSet, checked against std::set; RowFilter.
#include <algorithm>
#include <limits>
#include <set>
#include <vector>

#include "base/row_filter.hpp"
#include "base/rng.hpp"
#include "check.hpp"
#include "kernels/top_k.hpp"

using namespace vecq;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<Key> sorted(std::span<const Key> keys) {
    std::vector<Key> all(keys.begin(), keys.end());
    std::sort(all.begin(), all.end());
    return all;
}

// Offers keys like a scan: in ascending order of rows, and only those that score above the bound.
bool keeps_the_best(TopK& best, const std::vector<float>& scores, size_t width, float bound) {
    best.begin(width, bound);
    std::vector<Key> expected;
    for (uint32_t row = 0; row < scores.size(); ++row) {
        if (scores[row] > bound) expected.push_back(key_of(scores[row], row));
        if (scores[row] > best.bound()) best.offer(key_of(scores[row], row));
        if (best.size() != std::min(width, expected.size())) return false;
    }
    std::sort(expected.begin(), expected.end());
    expected.resize(std::min(expected.size(), width));
    const auto found = sorted(best.finish());
    return std::equal(found.begin(), found.end(), expected.begin(), expected.end());
}

}  // namespace

TEST(top_k_agrees_with_a_sort) {
    Random random(1);
    TopK best;  // reused for different widths
    for (const size_t width : {300, 1, 2, 3, 63, 64, 65, 1000, 7, 1500})
        for (const size_t rows : {0, 1, 2, 64, 65, 129, 500, 2000})
            for (const uint64_t kinds : {1, 2, 50, 1'000'000}) {
                std::vector<float> scores(rows);
                for (float& score : scores) score = static_cast<float>(random.below(kinds)) - 20;
                const float middle = static_cast<float>(kinds / 2) - 20;
                for (const float bound : {-kInfinity, middle, 1e9F})
                    CHECK(keeps_the_best(best, scores, width, bound), width, rows, kinds, bound);
                std::sort(scores.begin(), scores.end());
                CHECK(keeps_the_best(best, scores, width, -kInfinity), width, rows, kinds);
                std::reverse(scores.begin(), scores.end());
                CHECK(keeps_the_best(best, scores, width, -kInfinity), width, rows, kinds);
            }
}

TEST(top_k_accepts_keys_at_or_below_its_bound) {
    TopK best;
    best.begin(10);
    for (uint32_t row = 0; row < 1000; ++row) best.offer(key_of(row % 2 == 0 ? 1.0F : -1.0F, row));
    const auto found = sorted(best.finish());
    CHECK(found.size() == 10 && best.bound() == 1);
    for (size_t i = 0; i < found.size(); ++i) CHECK(node_of(found[i]) == 2 * i, i);
}

// The bound rises after few offers, whatever width was used before.
TEST(top_k_has_the_width_of_its_last_begin) {
    TopK best;
    for (const size_t width : {5000, 10}) best.begin(width);
    for (uint32_t row = 0; row < 200; ++row) best.offer(key_of(static_cast<float>(row), row));
    CHECK(best.bound() > 80);
}

TEST(top_k_reports_its_lowest_score) {
    TopK best;
    for (const size_t width : {1, 2, 70}) {
        best.begin(width);
        CHECK(best.least() == kInfinity && best.size() == 0, width);
        best.offer(key_of(3, 1));
        CHECK(best.least() == 3, width);
        best.offer(key_of(-kInfinity, 2));
        CHECK(best.least() == -kInfinity, width);
        for (uint32_t row = 3; row < 1000; ++row) best.offer(key_of(5, row));
        best.finish();
        CHECK(best.least() == 5 && best.size() == width, width);
    }
}

TEST(row_set_agrees_with_a_set) {
    Random random(2);
    RowSet rows;
    CHECK(!rows.holds(0) && rows.size() == 0);
    for (const size_t count : {0, 1, 2, 31, 32, 500, 0, 3, 5000})
        for (const uint64_t spread :
             {uint64_t{1}, uint64_t{2}, uint64_t{1024}, uint64_t{1} << 18}) {
            rows.begin(count);
            std::set<uint32_t> expected;
            for (size_t i = 0; i < count; ++i) {
                const uint64_t all =
                    std::max<uint64_t>(1, std::min<uint64_t>(count, (uint64_t{1} << 31) / spread));
                const auto row = static_cast<uint32_t>(random.below(all) * spread);
                rows.insert(row);
                expected.insert(row);
                if (i % 7 == 0) rows.insert(row);
            }
            CHECK(rows.size() == expected.size(), count, spread);
            for (const uint32_t row : expected)
                for (const uint32_t near : {row, row + 1, row - 1})
                    CHECK(rows.holds(near) == expected.contains(near), count, spread, near);
            for (const uint32_t row : {0U, 1U, 12345U, (1U << 31) - 1, UINT32_MAX - 2, UINT32_MAX})
                CHECK(rows.holds(row) == expected.contains(row), count, spread, row);
        }
}

TEST(row_set_grows) {
    Random random(3);
    RowSet rows;
    rows.begin(4);
    std::set<uint32_t> expected;
    for (int round = 0; round < 200; ++round) {
        rows.reserve_more(20);
        for (int i = 0; i < 20; ++i) {
            const auto row = static_cast<uint32_t>(random.below(2) == 0 ? random.below(2000)
                                                                        : random.below(UINT32_MAX));
            CHECK(rows.insert(row) == expected.insert(row).second, round, row);
        }
        CHECK(rows.size() == expected.size(), round);
    }
    for (const uint32_t row : expected) CHECK(rows.holds(row), row);
    for (const uint32_t row : {0U, UINT32_MAX - 1, UINT32_MAX - 2, 1U << 31})
        CHECK(rows.holds(row) == expected.contains(row), row);
}

TEST(row_filter_keeps_allowed_rows_that_are_not_excluded) {
    constexpr uint32_t rows = 200;
    uint64_t bits[(rows + 63) / 64] = {};
    for (uint32_t row = 0; row < rows; row += 3) bits[row / 64] |= uint64_t{1} << row % 64;
    RowSet excluded;
    excluded.begin(3);
    for (const uint32_t row : {0, 63, 64}) excluded.insert(row);
    const RowFilter open{}, allowing{.allowed = bits}, excluding{.excluded = &excluded};
    const RowFilter both{.allowed = bits, .excluded = &excluded};
    for (uint32_t row = 0; row < rows; ++row) {
        const bool out = row == 0 || row == 63 || row == 64, in = row % 3 == 0;
        CHECK(open.may_return(row) && open.allows(row) && excluding.allows(row), row);
        CHECK(allowing.may_return(row) == in && allowing.allows(row) == in, row);
        CHECK(excluding.may_return(row) == !out && both.may_return(row) == (in && !out), row);
        CHECK(both.allows(row) == in, row);
    }
}
