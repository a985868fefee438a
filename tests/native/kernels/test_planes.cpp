// Tests the kernels of int12 rows of every instruction set: dots with one, two and three planes
// against integer arithmetic on the codes, at the extremes of codes and of nibbles.
#include <algorithm>
#include <cstring>
#include <iterator>
#include <numeric>

#include "check.hpp"
#include "engine/engine.hpp"
#include "graphs.hpp"
#include "samples.hpp"

using namespace vecq;
using samples::Pattern;

namespace {

constexpr size_t kRowCount = 17;
constexpr size_t kDims[] = {1, 16, 63, 64, 65, 127, 128, 129, 300, 512, 640, 1000, 65535};
constexpr int kLargest = 0x777;

int code(Pattern pattern, size_t at, std::mt19937& random) {
    switch (pattern) {
        case Pattern::maximum: return kLargest;
        case Pattern::minimum: return -kLargest;
        case Pattern::alternating: return at % 2 == 0 ? kLargest : -kLargest;
        case Pattern::zero: return 0;
        case Pattern::random: break;
    }
    return std::uniform_int_distribution<int>(-kLargest, kLargest)(random);
}

// Codes with their rows, and bytes as a query.
class Sample {
public:
    Sample(size_t dim, Pattern rows, Pattern query, unsigned seed)
        : dim_(dim),
          codes_(kRowCount * dim),
          rows_(kRowCount * row_bytes(Width::int12, dim)),
          query_(padded_codes(Width::int12, dim) + 1),
          values_(padded_codes(Width::int12, dim)) {
        std::mt19937 random(seed);
        std::memset(rows_.as<void>(), 0x88, rows_.bytes());
        for (size_t r = 0; r < kRowCount; ++r)
            for (size_t i = 0; i < dim; ++i) put(r, i, code(rows, i + r, random));
        for (size_t i = 0; i < dim; ++i)
            values_[i] = static_cast<int8_t>(samples::value(Width::int8, query, i, random));
        std::memcpy(query_.as<int8_t>() + 1, values_.data(), values_.size());
    }

    Rows rows() const { return {rows_.as<std::byte>(), row_bytes(Width::int12, dim_), kRowCount}; }
    // At any alignment.
    Query query() const {
        return {query_.as<int8_t>() + 1, std::accumulate(values_.begin(), values_.end(), 0)};
    }
    // The dot with the codes reduced to the first planes, in steps of the last of them. Digits are
    // -8 to 7, so codes are rounded to the nearest, halves upwards.
    int64_t dot(size_t row, size_t planes) const {
        const int step = 1 << 4 * (kRowPlanes - planes);
        int64_t sum = 0;
        for (size_t i = 0; i < dim_; ++i) sum += int64_t{digits(row, i, step)} * values_[i];
        return sum;
    }
    int code_of(size_t row, size_t i) const { return codes_[row * dim_ + i]; }

    static int digits_of(int code, int step) {
        // Subtracts the lower digits one after the other.
        for (int one = 1; one < step; one *= 16) {
            int digit = code / one % 16;
            if (digit > 7) digit -= 16;
            if (digit < -8) digit += 16;
            code -= digit * one;
        }
        return code / step;
    }

private:
    int digits(size_t row, size_t i, int step) const { return digits_of(code_of(row, i), step); }

    void put(size_t r, size_t i, int code) {
        codes_[r * dim_ + i] = code;
        std::byte* row = rows_.as<std::byte>() + r * row_bytes(Width::int12, dim_);
        const size_t plane = row_bytes(Width::int12, dim_) / 3;
        const int digits = code + 0x888;
        const int nibbles[] = {digits >> 8, (digits >> 4) % 16, digits % 16};
        for (size_t p = 0; p < 3; ++p) {
            std::byte& pair = row[p * plane + i / 128 * 64 + i % 64];
            const auto nibble = static_cast<std::byte>(nibbles[p]);
            pair = i % 128 < 64 ? (pair & std::byte{0xf0}) | nibble
                                : (pair & std::byte{0x0f}) | nibble << 4;
        }
    }

    size_t dim_;
    std::vector<int> codes_;
    Memory rows_, query_;
    std::vector<int8_t> values_;
};

template <class Body>
void on_every_engine(Body&& body) {
    for (const Engine* engine : engines())
        if (engine->missing() == nullptr) body(*engine);
}

template <class Body>
void each_sample(Body&& body) {
    for (const Engine* engine : engines())
        if (const char* reason = engine->missing()) SKIP(std::string(engine->name) + ": " + reason);
    for (const size_t dim : kDims)
        for (const Pattern pattern : samples::kPatterns)
            body(Sample(dim, pattern, dim % 2 == 0 ? Pattern::random : pattern,
                        static_cast<unsigned>(dim)),
                 dim);
}

EncodedQuery encoded(const Query& query) {
    EncodedQuery out{};
    out.parts[0] = query;
    out.part_count = 1;
    out.scale = 1;
    return out;
}

}  // namespace

TEST(planes_dots_of_two_planes_are_exact) {
    each_sample([](const Sample& sample, size_t dim) {
        uint32_t ids[kRowCount];
        for (uint32_t i = 0; i < kRowCount; ++i) ids[i] = i * 5 % kRowCount;
        const Query query = sample.query();
        on_every_engine([&](const Engine& engine) {
            const Kernels& kernels = engine[Width::int12];
            int32_t dots[kRowCount + 1];
            for (const size_t count : {0, 1, 15, 16, 17}) {
                std::fill_n(dots, kRowCount + 1, 77);
                kernels.dot_rows(query, sample.rows(), ids, count, dots);
                for (size_t i = 0; i < count; ++i)
                    CHECK(dots[i] == sample.dot(ids[i], 2), engine.name, dim, i, dots[i]);
                CHECK(dots[count] == 77, engine.name, dim, count);
            }
            const Memory packed(kernels.packed_bytes(dim));
            const Memory block(kRowCount * kBlockQueries * sizeof(int32_t));
            const int32_t sums[kBlockQueries] = {query.sum};
            kernels.pack_block(&query, 1, dim, packed.as<void>());
            kernels.dot_block({packed.as<void>(), sums, dim}, sample.rows(), block.as<void>());
            for (size_t r = 0; r < kRowCount; ++r)
                CHECK(block.as<int32_t>()[r * kBlockQueries] == sample.dot(r, 2), engine.name, dim,
                      r);
        });
    });
}

TEST(planes_rows_are_queries_of_two_planes) {
    each_sample([](const Sample& sample, size_t dim) {
        on_every_engine([&](const Engine& engine) {
            const Kernels& kernels = engine[Width::int12];
            const Rows rows = sample.rows();
            const Memory codes(kernels.row_query_bytes(rows.row_bytes));
            const Query query = kernels.row_query(rows.at(3), rows.row_bytes, codes.as<void>());
            int32_t sum = 0;
            for (size_t i = 0; i < dim; ++i) {
                const int expected = Sample::digits_of(sample.code_of(3, i), 16);
                CHECK(static_cast<const int8_t*>(query.codes)[i] == expected, engine.name, dim, i);
                sum += expected;
            }
            CHECK(query.sum == sum && codes.bytes() >= padded_codes(Width::int12, dim), engine.name,
                  dim, query.sum, sum);
        });
    });
}

// Rescoring reads three planes, a walk one; both give the same bits on every instruction set.
TEST(planes_scores_of_three_planes_and_of_one) {
    each_sample([](const Sample& sample, size_t dim) {
        const std::vector<Affine> affine(kRowCount, {1, 0}), walk_affine(kRowCount, {2, 0});
        ScoredRows scored{sample.rows(), affine.data()};
        scored.walk_affine = walk_affine.data();
        std::vector<uint32_t> ids(kRowCount);
        std::iota(ids.begin(), ids.end(), 0);
        const EncodedQuery query = encoded(sample.query());
        const Graph graph = graphs::graph_of(2, std::vector<graphs::Nodes>(kRowCount));
        on_every_engine([&](const Engine& engine) {
            float scores[kRowCount];
            engine[Width::int12].score(query, scored, ids, scores);
            for (size_t r = 0; r < kRowCount; ++r) {
                const auto upper = static_cast<float>(sample.dot(r, 2)),
                           lower = static_cast<float>(sample.dot(r, 3) - 16 * sample.dot(r, 2));
                CHECK(scores[r] == upper + lower / 16, engine.name, dim, r, scores[r]);
            }
            WalkScratch scratch;
            Key found[kRowCount];
            size_t count = 0;
            engine[Width::int12].search({.graph = {graph.layers().data(), 1, ids.data(), kRowCount},
                                         .scored = scored,
                                         .queries = {&query, 1},
                                         .width = kRowCount,
                                         .stop = {},
                                         .filters = nullptr,
                                         .scratch = {&scratch, 1},
                                         .found = found,
                                         .found_counts = &count});
            CHECK(count == kRowCount, engine.name, dim, count);
            for (size_t i = 0; i < count; ++i)
                CHECK(score_of(found[i]) ==
                          2 * static_cast<float>(16 * sample.dot(node_of(found[i]), 1)),
                      engine.name, dim, i, score_of(found[i]));
        });
    });
}
