// Runs and bitmaps of ordered rows against comparisons of every value.
#include <limits>
#include <random>
#include <vector>

#include "check.hpp"
#include "rows/ordered_rows.hpp"

using namespace vecq;

namespace {

template <class T>
void check_range(const OrderedRows& ordered, const std::vector<T>& values, T low, T high) {
    const OrderedRun run = ordered.run(low, high);
    const Bitset bits = ordered.bits_of(run);
    CHECK(run.first <= run.begin && run.begin <= run.end && run.end <= run.last, low, high);
    std::vector<int> kind(values.size());  // 1: in the run, 2: to be tested
    for (size_t place = run.first; place < run.last; ++place)
        kind[ordered.in_order()[place]] = place >= run.begin && place < run.end ? 1 : 2;
    for (size_t row = 0; row < values.size(); ++row) {
        const bool holds = values[row] >= low && values[row] <= high;
        CHECK(kind[row] == 2 || (kind[row] == 1) == holds, row, values[row], low, high);
        CHECK(bits.test(row) == (kind[row] == 1), row, low, high);
    }
    CHECK(run.begin - run.first < 64 && run.last - run.end < 64, low, high);
}

template <class T>
void check_ranges(const std::vector<T>& values, std::vector<T> bounds) {
    const OrderedRows ordered{std::span<const T>(values)};
    CHECK(ordered.rows() == values.size(), values.size());
    for (size_t i = 0; i < values.size(); i += 1 + values.size() / 20) bounds.push_back(values[i]);
    for (const T low : bounds)
        for (const T high : bounds) check_range(ordered, values, low, high);
}

}  // namespace

TEST(runs_of_floats_hold_what_comparisons_find) {
    constexpr float inf = std::numeric_limits<float>::infinity();
    const float nan = std::numeric_limits<float>::quiet_NaN();
    std::mt19937 rng(1);
    for (const size_t count : {0, 1, 31, 32, 33, 64, 65, 1000, 5000}) {
        std::vector<float> values(count);
        for (float& value : values) {
            const auto draw = rng() % 100;
            const float special[] = {nan, inf, -inf, 0.0F, -0.0F, 1.0F};
            value = draw < 30 ? special[draw % 6]
                              : static_cast<float>(static_cast<int>(rng() % 2000) - 1000);
        }
        check_ranges(values, {nan, inf, -inf, 0.0F, -0.0F, 1.0F, 1e9F});
    }
    check_ranges(std::vector<float>(100, nan), {nan, -inf, inf});
}

TEST(runs_of_bytes_hold_what_comparisons_find) {
    std::mt19937 rng(3);
    for (const size_t count : {0, 1, 31, 33, 64, 1000}) {
        std::vector<uint8_t> values(count);
        for (uint8_t& value : values) value = static_cast<uint8_t>(rng() % 3);
        const OrderedRows ordered{std::span<const uint8_t>(values)};
        CHECK(ordered.in_order().size() == count, count);
        for (const uint8_t low : {0, 1, 2, 255})
            for (const uint8_t high : {0, 1, 2, 255}) {
                const OrderedRun run = ordered.run(low, high);
                for (size_t place = 0; place < count; ++place) {
                    const uint8_t value = values[ordered.in_order()[place]];
                    const bool holds = value >= low && value <= high;
                    const bool is_inside = place >= run.begin && place < run.end;
                    const bool is_near = place >= run.first && place < run.last;
                    CHECK(is_inside ? holds : is_near || !holds, place, low, high, count);
                }
            }
    }
}

TEST(runs_of_integers_hold_what_comparisons_find) {
    constexpr int64_t least = std::numeric_limits<int64_t>::min(),
                      most = std::numeric_limits<int64_t>::max();
    std::mt19937_64 rng(2);
    for (const size_t count : {0, 1, 32, 33, 1000, 5000}) {
        std::vector<int64_t> values(count);
        for (int64_t& value : values) {
            const int64_t special[] = {least, most, 0, -1};
            value = rng() % 4 == 0 ? special[rng() % 4] : static_cast<int64_t>(rng());
        }
        check_ranges(values, {least, least + 1, -1, 0, 1, most - 1, most});
    }
    check_ranges(std::vector<int64_t>(1000, 7), {least, 6, 7, 8, most});
}
