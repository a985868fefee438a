// Runs of postings and of nested orders against tests of every row.
#include <limits>
#include <memory>
#include <random>
#include <vector>

#include "check.hpp"
#include "rows/nested_order.hpp"
#include "rows/ordered_rows.hpp"
#include "rows/postings.hpp"

using namespace vecq;

namespace {

std::vector<uint32_t> drawn_codes(size_t count, uint32_t texts, std::mt19937& rng) {
    std::vector<uint32_t> codes(count);
    for (uint32_t& code : codes) code = static_cast<uint32_t>(rng()) % (texts + 1);
    return codes;
}

}  // namespace

TEST(runs_of_postings_hold_the_rows_of_their_codes) {
    std::mt19937 rng(1);
    for (const size_t count : {0, 1, 63, 64, 1000, 20000}) {
        for (const uint32_t texts : {0U, 1U, 3U, 500U}) {
            const std::vector<uint32_t> codes = drawn_codes(count, texts, rng);
            const Postings postings(TextCodes{codes, texts, nullptr});
            CHECK(postings.codes() == texts + 1 && postings.rows() == count, texts, count);
            CHECK(postings.in_order().size() == count, count);
            size_t place = 0;
            for (uint32_t code = 0; code <= texts + 2; ++code) {
                const PlaceRun run = postings.run(code, code + 1);
                CHECK(run.begin == place, code, run.begin, place);
                place = run.end;
                std::vector<uint32_t> rows;
                for (size_t row = 0; row < count; ++row)
                    if (codes[row] == code) rows.push_back(static_cast<uint32_t>(row));
                const auto list = postings.list(code);
                CHECK(std::vector(list.begin(), list.end()) == rows, code, rows.size());
                for (size_t row = 0; postings.bitmap(code) != nullptr && row < count; ++row)
                    CHECK(test_bit(postings.bitmap(code), row) == (codes[row] == code), row, code);
            }
            CHECK(postings.run(0, texts + 9).end == count, texts);
        }
    }
}

TEST(nested_runs_hold_the_rows_of_a_code_in_a_range) {
    std::mt19937 rng(2);
    const float nan = std::numeric_limits<float>::quiet_NaN();
    for (const size_t count : {0, 1, 100, 3000}) {
        const uint32_t texts = 7;
        const std::vector<uint32_t> codes = drawn_codes(count, texts, rng);
        std::vector<float> values(count);
        for (float& value : values) value = rng() % 8 == 0 ? nan : static_cast<float>(rng() % 200);
        const auto numbers = std::make_shared<const OrderedRows>(std::span<const float>(values));
        const NestedOrder nested(TextCodes{codes, texts, nullptr}, numbers, numbers->in_order());
        CHECK(nested.in_order().size() == numbers->in_order().size(), count);
        for (uint32_t code = 0; code <= texts + 1; ++code) {
            for (const float low : {-1.0F, 0.0F, 40.0F, 199.0F, 300.0F}) {
                const OrderedRun run = numbers->run(low, low + 50);
                const PlaceRun own = nested.run(code, run.begin, run.end);
                std::vector<uint32_t> expected;
                for (size_t place = run.begin; place < run.end; ++place)
                    if (codes[numbers->in_order()[place]] == code)
                        expected.push_back(numbers->in_order()[place]);
                const auto found = nested.in_order().subspan(own.begin, own.end - own.begin);
                CHECK(std::vector(found.begin(), found.end()) == expected, code, low, count);
            }
        }
    }
}

TEST(nested_runs_hold_the_rows_of_two_codes) {
    std::mt19937 rng(4);
    for (const size_t count : {0, 1, 100, 3000}) {
        const uint32_t texts = 5, others = 9;
        const std::vector<uint32_t> codes = drawn_codes(count, texts, rng),
                                    second = drawn_codes(count, others, rng);
        const auto postings = std::make_shared<const Postings>(TextCodes{second, others, nullptr});
        const NestedOrder nested(TextCodes{codes, texts, nullptr}, postings, postings->in_order());
        CHECK(nested.owner() == postings.get(), count);
        CHECK(nested.in_order().size() == count, count);
        for (uint32_t code = 0; code <= texts + 1; ++code)
            for (uint32_t first = 0; first <= others + 1; ++first) {
                const uint32_t last = first + 1 + rng() % 3;
                const PlaceRun run = postings->run(first, last);
                const PlaceRun own = nested.run(code, run.begin, run.end);
                std::vector<uint32_t> expected;
                for (uint32_t other = first; other < last; ++other)
                    for (size_t row = 0; row < count; ++row)
                        if (codes[row] == code && second[row] == other)
                            expected.push_back(static_cast<uint32_t>(row));
                const auto found = nested.in_order().subspan(own.begin, own.end - own.begin);
                CHECK(std::vector(found.begin(), found.end()) == expected, code, first, count);
            }
    }
}
