// Tests the kernels of rows of planes on every instruction set: dots with one, two and three planes
// against integer arithmetic on the codes, at the extremes of codes and of nibbles.
#include <algorithm>
#include <cstring>
#include <iterator>
#include <numeric>

#include "check.hpp"
#include "engine/engine.hpp"
#include "samples.hpp"
#include "walks.hpp"

using namespace vecq;
using samples::Pattern;

namespace {

constexpr size_t kRowCount = 17;
constexpr size_t kDims[] = {1, 16, 63, 64, 65, 127, 128, 129, 300, 512, 640, 1000, 65535};
constexpr Width kPlaneWidths[] = {Width::int12, Width::int8_planes, Width::int4};

int code(Width width, Pattern pattern, size_t at, std::mt19937& random) {
    const int largest = width == Width::int12 ? 0x777 : width == Width::int4 ? 7 : 127;
    switch (pattern) {
        case Pattern::maximum: return largest;
        case Pattern::minimum: return -largest;
        case Pattern::alternating: return at % 2 == 0 ? largest : -largest;
        case Pattern::zero: return 0;
        case Pattern::random: break;
    }
    return std::uniform_int_distribution<int>(-largest, largest)(random);
}

// Codes with their rows, and bytes as a query.
class Sample {
public:
    Sample(Width width, size_t dim, Pattern rows, Pattern query, unsigned seed)
        : width_(width),
          dim_(dim),
          codes_(kRowCount * dim),
          rows_(kRowCount * row_bytes(width, dim)),
          query_(padded_codes(width, dim) + 1),
          values_(padded_codes(width, dim)) {
        std::mt19937 random(seed);
        for (size_t r = 0; r < kRowCount; ++r)
            for (size_t i = 0; i < padded_codes(width, dim); ++i)
                put(r, i, i < dim ? code(width, rows, i + r, random) : 0);
        for (size_t i = 0; i < dim; ++i)
            values_[i] = static_cast<int8_t>(samples::value(Width::int8, query, i, random));
        std::memcpy(query_.as<int8_t>() + 1, values_.data(), values_.size());
    }

    Width width() const { return width_; }
    Rows rows() const { return {rows_.as<std::byte>(), row_bytes(width_, dim_), kRowCount}; }
    // At any alignment.
    Query query() const {
        return {query_.as<int8_t>() + 1, std::accumulate(values_.begin(), values_.end(), 0)};
    }
    // The dot with the codes reduced to the first one or two planes, in steps of int8.
    int64_t dot(size_t row, size_t planes) const {
        int64_t sum = 0;
        for (size_t i = 0; i < dim_; ++i) sum += int64_t{upper(row, i, planes)} * values_[i];
        return sum;
    }
    // The dot with the third plane alone, in sixteenths of a step of int8.
    int64_t lower_dot(size_t row) const {
        int64_t sum = 0;
        for (size_t i = 0; i < dim_ && width_ == Width::int12; ++i)
            sum += int64_t{code_of(row, i) - 16 * upper(row, i, 2)} * values_[i];
        return sum;
    }
    // Digits of int12 are -8 to 7, so its codes are rounded to the nearest, halves upwards. The
    // middle of what the lower plane of int8 may hold is 8. A step of int4 is 16 of int8.
    int upper(size_t row, size_t i, size_t planes) const {
        const int code = code_of(row, i);
        if (width_ == Width::int4) return 16 * code;
        if (width_ == Width::int12) return planes == 1 ? (code + 0x88) >> 8 << 4 : (code + 8) >> 4;
        return planes == 1 ? ((code + 128) >> 4 << 4) + 8 - 128 : code;
    }

private:
    int code_of(size_t row, size_t i) const { return codes_[row * dim_ + i]; }

    void put(size_t r, size_t i, int code) {
        if (i < dim_) codes_[r * dim_ + i] = code;
        const size_t planes = planes_of(width_), plane = row_bytes(width_, dim_) / planes;
        constexpr int offsets[] = {8, 128, 0x888};
        const int digits = code + offsets[planes - 1];
        for (size_t p = 0; p < planes; ++p) {
            std::byte& pair =
                rows_.as<std::byte>()[(r * planes + p) * plane + i / 128 * 64 + i % 64];
            const auto nibble = static_cast<std::byte>(digits >> 4 * (planes - 1 - p) & 15);
            pair = i % 128 < 64 ? (pair & std::byte{0xf0}) | nibble
                                : (pair & std::byte{0x0f}) | nibble << 4;
        }
    }

    Width width_;
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
    for (const Width width : kPlaneWidths)
        for (const size_t dim : kDims)
            for (const Pattern pattern : samples::kPatterns)
                body(Sample(width, dim, pattern, dim % 2 == 0 ? Pattern::random : pattern,
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
            const Kernels& kernels = engine[sample.width()];
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
            const Kernels& kernels = engine[sample.width()];
            const Rows rows = sample.rows();
            const Memory codes(kernels.row_query_bytes(rows.row_bytes));
            const Query query =
                kernels.row_query(rows.at(3), rows.row_bytes, dim, codes.as<void>());
            int32_t sum = 0;
            for (size_t i = 0; i < dim; ++i) {
                const int expected = sample.upper(3, i, 2);
                CHECK(static_cast<const int8_t*>(query.codes)[i] == expected, engine.name, dim, i);
                sum += expected;
            }
            CHECK(query.sum == sum && codes.bytes() >= padded_codes(sample.width(), dim),
                  engine.name, dim, query.sum, sum);
        });
    });
}

// Rescoring reads all planes, a walk one; both give the same bits on every instruction set.
TEST(planes_scores_of_all_planes_and_of_one) {
    each_sample([](const Sample& sample, size_t dim) {
        const std::vector<Affine> affine(kRowCount, {1, 0}), walk_affine(kRowCount, {2, 0});
        ScoredRows scored{sample.rows(), dim, affine.data()};
        scored.walk_affine = walk_affine.data();
        const float factor = sample.width() == Width::int4 ? 1 : 2;  // a walk over all planes
        std::vector<uint32_t> ids(kRowCount);
        std::iota(ids.begin(), ids.end(), 0);
        const EncodedQuery query = encoded(sample.query());
        on_every_engine([&](const Engine& engine) {
            float scores[kRowCount];
            engine[sample.width()].score(query, scored, ids, scores);
            for (size_t r = 0; r < kRowCount; ++r) {
                const auto upper = static_cast<float>(sample.dot(r, 2)),
                           lower = static_cast<float>(sample.lower_dot(r));
                CHECK(scores[r] == upper + lower / 16, engine.name, dim, r, scores[r]);
            }
            const std::vector<float> walked =
                walks::scores_of_all(engine[sample.width()], query, scored);
            for (size_t r = 0; r < kRowCount; ++r)
                CHECK(walked[r] == factor * static_cast<float>(sample.dot(r, 1)), engine.name, dim,
                      r, walked[r]);
        });
    });
}
