// Walks with a beam for all rows return exactly what scoring all rows does, after any additions,
// dropped rows and refused calls.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <set>
#include <vector>

#include "check.hpp"
#include "indexes.hpp"
#include "random_vector.hpp"
#include "vecq.h"

using namespace indexes;
using samples::random_vector;

namespace {

constexpr size_t kDim = 16, kRows = 500;

Vector part(const Vector& vectors, size_t from, size_t to) {
    return {vectors.begin() + static_cast<ptrdiff_t>(from * kDim),
            vectors.begin() + static_cast<ptrdiff_t>(to * kDim)};
}

// Returns vectors of different lengths, some of them equal.
Vector vectors_of(size_t rows, uint64_t seed) {
    Vector vectors = random_vector(rows * kDim, seed);
    for (size_t r = 0; r < rows; ++r) {
        const auto length = static_cast<float>(1 + r % 7);
        for (size_t i = 0; i < kDim; ++i) vectors[r * kDim + i] *= length;
        if (r % 50 == 49) std::copy_n(&vectors[(r - 30) * kDim], kDim, &vectors[r * kDim]);
    }
    return vectors;
}

// Whether searches with both query sizes and several k are exact.
bool is_exact(const Index& index, const Codec& codec, int32_t metric, const Vector& vectors,
              size_t ef = kRows) {
    const Vector queries = random_vector(20 * kDim, 9);
    const size_t rows = vectors.size() / kDim;
    bool exact = true;
    for (const int32_t bits : {8, 15}) {
        const Vector scores = exact_scores(codec, metric, bits, queries, vectors);
        for (const size_t k : {rows, rows + 3, size_t{1}, size_t{10}})
            // Walks rank by the high byte, so that a smaller beam could miss rows that rank higher
            // by both bytes.
            exact = exact &&
                    finds_the_best(index.search(queries, search_of(k, ef, bits)), k, scores, rows);
    }
    return exact;
}

void check_stats(const Index& index, size_t rows) {
    const vecq_index_stats stats = index.stats();
    CHECK(stats.rows == rows && stats.unreachable == 0, stats.rows, stats.unreachable);
    CHECK(stats.layers >= 1 && stats.layers <= 16 && stats.layer_rows[0] == rows, stats.layers);
    CHECK(std::is_sorted(stats.layer_rows, stats.layer_rows + 16, std::greater<>()));
    CHECK(std::accumulate(stats.degrees, stats.degrees + 513, size_t{0}) == rows);
    CHECK(std::accumulate(stats.degrees + 17, stats.degrees + 513, size_t{0}) == 0);  // 2 m
    CHECK(stats.code_bytes >= rows * 64 && stats.id_bytes >= rows * 8, stats.code_bytes);
}

}  // namespace

TEST(index_is_exact_with_a_beam_for_all_rows) {
    const Vector vectors = vectors_of(kRows, 1);
    for (const int32_t width : {VECQ_INT8, VECQ_INT16})
        for (const int32_t metric : kMetrics)
            for (const int32_t center : {0, 1}) {
                const Codec codec(width, kDim, VECQ_SCALE_VECTOR, center);
                vecq_codec_fit(codec.own, vectors.data(), kRows, nullptr);
                Index index(options_of(metric), codec);
                CHECK(index.add(vectors), index.error.message);
                CHECK(is_exact(index, codec, metric, vectors), width, metric, center);
                check_stats(index, kRows);
            }
}

TEST(index_is_exact_with_any_link) {
    const Codec codec(VECQ_INT8, kDim);
    const Vector vectors = vectors_of(kRows, 2);
    struct Way {
        int32_t metric, link;
    };
    for (const auto [metric, link] :
         {Way{VECQ_IP, VECQ_LINK_METRIC}, Way{VECQ_IP, VECQ_LINK_COSINE},
          Way{VECQ_IP, VECQ_LINK_MOEBIUS}, Way{VECQ_COSINE, VECQ_LINK_COSINE},
          Way{VECQ_COSINE, VECQ_LINK_METRIC}, Way{VECQ_L2, VECQ_LINK_METRIC}}) {
        Index index(options_of(metric, link), codec);
        CHECK(index.add(vectors), index.error.message);
        CHECK(is_exact(index, codec, metric, vectors), metric, link);
    }
}

TEST(index_is_empty_at_first) {
    const Codec centered(VECQ_INT8, kDim, VECQ_SCALE_VECTOR, 1);
    for (const int32_t metric : kMetrics) {
        Index index(options_of(metric), centered);  // not fitted
        const Found found = index.search(random_vector(2 * kDim, 1), search_of(3));
        CHECK(found.status == VECQ_OK && found.counts == Ids(2) && found.ids == Ids(6, -1));
        CHECK(found.scores == Vector(6, -std::numeric_limits<float>::infinity()), metric);
        CHECK(index.search(Vector(kDim, NAN), search_of(3)).status != VECQ_OK, metric);
        CHECK(index.link(5) == VECQ_OK && index.done == 0 && index.total == 0, metric);
        CHECK(index.settle() == VECQ_OK && index.size() == 0 && index.stats().rows == 0, metric);
    }
}

TEST(index_requires_fitted_codecs) {
    const Codec plain(VECQ_INT8, kDim), centered(VECQ_INT8, kDim, VECQ_SCALE_VECTOR, 1);
    const Vector vectors = vectors_of(100, 3);
    for (const bool rerank : {false, true}) {
        Index index(options_of(VECQ_L2), rerank ? plain : centered, rerank ? &centered : nullptr);
        CHECK(index.stage(vectors) == VECQ_INVALID_ARGUMENT && index.size() == 0, rerank);
        CHECK(std::string(index.error.argument) == "codec", index.error.argument);
        CHECK(index.fit({}) == VECQ_INVALID_ARGUMENT, rerank);
        CHECK(std::string(index.error.argument) == "sample", index.error.argument);
        CHECK(index.fit(Vector(kDim, NAN)) == VECQ_INVALID_ARGUMENT, rerank);
        CHECK(index.fit(vectors) == VECQ_OK && index.add(vectors), index.error.message);
        CHECK(index.size() == 100, rerank);
    }
}

// Otherwise later rows would be encoded with the mean of the refused ones.
TEST(index_is_unfitted_after_a_failed_first_addition) {
    const Vector vectors = vectors_of(kRows, 4), far(10 * kDim, 1000);
    Vector bad = far;
    bad.back() = NAN;
    const Codec centered(VECQ_INT8, kDim, VECQ_SCALE_VECTOR, 1);
    const Codec fitted(VECQ_INT8, kDim, VECQ_SCALE_VECTOR, 1);
    vecq_codec_fit(fitted.own, vectors.data(), kRows, nullptr);
    for (const int way : {0, 1, 2}) {
        Index index(options_of(VECQ_L2), centered);
        CHECK(index.fit(far) == VECQ_OK, way);
        const vecq_status status = index.stage(way == 0 ? bad : far, way == 1 ? Ids(10) : Ids());
        CHECK((status == VECQ_OK) == (way == 2), way);
        CHECK(index.settle() == VECQ_OK && index.size() == 0, way);
        CHECK(index.fit(vectors) == VECQ_OK && index.add(vectors), way, index.error.message);
        CHECK(is_exact(index, fitted, VECQ_L2, vectors), way);
    }
}

TEST(index_drops_staged_rows_that_are_not_linked) {
    const Codec codec(VECQ_INT8, kDim);
    const Vector vectors = vectors_of(kRows, 5);
    for (const int32_t metric : kMetrics) {
        Index index(options_of(metric), codec);
        CHECK(index.stage(vectors) == VECQ_OK && index.size() == 0, metric);
        CHECK(index.settle() == VECQ_OK && index.size() == 0, metric);
        CHECK(index.add(part(vectors, 0, 300)) && index.size() == 300, metric);
        CHECK(index.stage(part(vectors, 300, 500)) == VECQ_OK && index.size() == 300, metric);
        CHECK(index.settle() == VECQ_OK && is_exact(index, codec, metric, part(vectors, 0, 300)));
        CHECK(index.add(part(vectors, 300, 500)), metric);  // their ids are not in use
        CHECK(is_exact(index, codec, metric, vectors), metric);
        check_stats(index, kRows);
    }
}

TEST(index_keeps_linked_rows_of_an_incomplete_addition) {
    const Codec codec(VECQ_INT8, kDim);
    const Vector vectors = vectors_of(kRows, 6);
    Ids all(kRows);
    std::iota(all.begin(), all.end(), 0);
    for (const int32_t metric : kMetrics) {
        Index index(options_of(metric), codec);
        CHECK(index.add(part(vectors, 0, 200)), metric);
        CHECK(index.stage(part(vectors, 200, 500)) == VECQ_OK && index.link(50) == VECQ_OK);
        const size_t size = index.size();
        CHECK(size >= 250 && size < kRows && index.done == size - 200, size);
        CHECK(index.settle() == VECQ_OK && index.size() == size, metric);
        check_stats(index, size);
        const Found found = index.search(part(vectors, 0, 1), search_of(size));
        const std::set<int64_t> kept(found.ids.begin(), found.ids.end());
        CHECK(kept.size() == size && *kept.begin() >= 0, metric, kept.size());
        for (size_t row = 0; row < kRows; ++row) {
            const auto id = static_cast<int64_t>(row);
            const bool free = index.stage(part(vectors, row, row + 1), {id}) == VECQ_OK;
            CHECK(free != kept.contains(id), metric, id);
        }
        CHECK(index.link_all(7) && index.settle() == VECQ_OK && index.size() == kRows, metric);
        CHECK(is_exact(index, codec, metric, vectors), metric);
    }
}

TEST(index_links_in_slices_of_any_size) {
    const Codec codec(VECQ_INT8, kDim);
    const Vector vectors = vectors_of(kRows, 7);
    for (const int32_t metric : kMetrics)
        for (const size_t slice : {size_t{1}, size_t{17}, SIZE_MAX}) {
            Index index(options_of(metric), codec);
            for (const size_t from : {size_t{0}, kRows / 2}) {
                CHECK(index.stage(part(vectors, from, from + kRows / 2)) == VECQ_OK);
                size_t before = 0, calls = 0;
                do {
                    CHECK(index.link(slice) == VECQ_OK && index.done > before, slice, before);
                    before = index.done;
                } while (index.done < index.total && ++calls < 2000);
                CHECK(index.done == index.total, metric, slice, from, index.done, index.total);
                CHECK(index.settle() == VECQ_OK);
            }
            CHECK(is_exact(index, codec, metric, vectors), metric, slice);
        }
}

TEST(index_continues_after_the_largest_id) {
    const Codec codec(VECQ_INT8, kDim);
    Index index(options_of(VECQ_L2), codec);
    const Vector vectors = vectors_of(6, 8);
    CHECK(index.add(part(vectors, 0, 2)) && index.add(part(vectors, 2, 4), {-5, 40}));
    CHECK(index.add(part(vectors, 4, 6)), index.error.message);
    Found found = index.search(vectors, search_of(1));
    CHECK(found.ids == Ids({0, 1, -5, 40, 41, 42}));
}
