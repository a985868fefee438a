// Indexes of equal rows, zero rows, distances beyond float32, and with a rerank store.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "check.hpp"
#include "indexes.hpp"
#include "random_vector.hpp"
#include "vecq.h"

using namespace indexes;
using samples::random_vector;

namespace {

constexpr size_t kDim = 16, kRows = 500;

bool is_exact(const Index& index, const Codec& codec, int32_t metric, const Vector& vectors) {
    const Vector queries = random_vector(10 * kDim, 9);
    const size_t rows = vectors.size() / kDim;
    return finds_the_best(index.search(queries, search_of(rows)), rows,
                          exact_scores(codec, metric, 15, queries, vectors), rows);
}

}  // namespace

// Every one of many equal rows is found.
TEST(index_of_equal_rows) {
    const Codec codec(VECQ_INT8, kDim);
    const Vector one = random_vector(kDim, 1);
    Vector vectors;
    for (size_t r = 0; r < kRows; ++r) vectors.insert(vectors.end(), one.begin(), one.end());
    for (const int32_t metric : kMetrics) {
        Index index(options_of(metric), codec);
        CHECK(index.add(vectors) && index.stats().unreachable == 0, metric);
        CHECK(is_exact(index, codec, metric, vectors), metric);
    }
}

// Random rows and groups of equal rows, which fill each other's lists.
TEST(index_of_groups_of_equal_rows) {
    const Codec codec(VECQ_INT8, kDim);
    Vector vectors = random_vector(kRows * kDim, 2);
    for (size_t r = 100; r < kRows; ++r)
        std::copy_n(&vectors[r / 80 * kDim], kDim, &vectors[r * kDim]);
    for (const int32_t metric : kMetrics)
        for (const size_t m : {2, 3, 8}) {
            vecq_index_options options = options_of(metric);
            options.m = m;
            options.ef_construction = 10;
            Index index(options, codec);
            for (size_t from = 0; from < kRows; from += 250)
                CHECK(index.add({vectors.begin() + static_cast<ptrdiff_t>(from * kDim),
                                 vectors.begin() + static_cast<ptrdiff_t>((from + 250) * kDim)}),
                      metric, m, index.error.message);
            CHECK(index.stats().unreachable == 0, metric, m, index.stats().unreachable);
            CHECK(is_exact(index, codec, metric, vectors), metric, m);
        }
}

TEST(index_of_minimal_options) {
    const Codec codec(VECQ_INT8, kDim);
    const Vector vectors = random_vector(kRows * kDim, 3);
    for (const int32_t metric : kMetrics) {
        vecq_index_options options = options_of(metric);
        options.m = 2;
        options.ef_construction = 1;
        Index index(options, codec);
        CHECK(index.add(vectors) && index.stats().unreachable == 0, metric);
        CHECK(is_exact(index, codec, metric, vectors), metric);
    }
}

// Under inner products near-zero rows are kept out of the graph.
TEST(index_of_zero_rows) {
    const Codec codec(VECQ_INT8, kDim);
    for (const size_t zeros : {size_t{1}, size_t{40}, kRows})
        for (const int32_t metric : kMetrics) {
            Vector vectors = random_vector(kRows * kDim, 4);
            std::fill_n(vectors.begin(), zeros * kDim, 0.0F);
            Index index(options_of(metric), codec);
            CHECK(index.add(vectors) && index.size() == kRows, metric, index.error.message);
            const vecq_index_stats stats = index.stats();
            CHECK(stats.kept_out == (metric == VECQ_IP ? zeros : 0), metric, stats.kept_out);
            CHECK(stats.unreachable == 0, metric, stats.unreachable);
            CHECK(is_exact(index, codec, metric, vectors), metric, zeros);
            const Vector more = random_vector(100 * kDim, 5);
            vectors.insert(vectors.end(), more.begin(), more.end());
            CHECK(index.add(more), metric, zeros);
            CHECK(is_exact(index, codec, metric, vectors), metric, zeros);
        }
}

// So few rows that zero rows are among the best of many queries.
TEST(index_returns_no_row_twice) {
    const Codec codec(VECQ_INT8, kDim);
    for (const size_t rows : {10, 60, 150})
        for (const bool users : {false, true}) {
            Vector vectors = random_vector(rows * kDim, 11);
            std::fill_n(vectors.begin(), 6 * kDim, 0.0F);
            Index index(options_of(VECQ_IP), codec);
            CHECK(index.stage(vectors) == VECQ_OK);
            const Vector sample = random_vector(100 * kDim, 12);
            if (users)
                CHECK(vecq_index_sample_users(index.own, sample.data(), 100, 0, nullptr) ==
                      VECQ_OK);
            CHECK(index.link_all() && index.settle() == VECQ_OK, rows, users);
            CHECK(index.stats().kept_out == 6 && is_exact(index, codec, VECQ_IP, vectors), rows,
                  users);
        }
}

TEST(index_reranks_with_rerank_codes) {
    const Codec codec(VECQ_INT8, kDim), rerank(VECQ_INT16, kDim);
    const Vector vectors = random_vector(kRows * kDim, 6), queries = random_vector(20 * kDim, 7);
    for (const int32_t metric : kMetrics) {
        Index index(options_of(metric), codec, &rerank);
        CHECK(index.add(vectors) && index.stats().rerank_bytes > kRows * 64, metric);
        const Vector narrow = exact_scores(codec, metric, 15, queries, vectors);
        const Vector exact = exact_scores(rerank, metric, 15, queries, vectors);
        vecq_search_options options = search_of(10);
        CHECK(finds_the_best(index.search(queries, options), 10, narrow, kRows), metric);
        for (const size_t rerank : {size_t{100}, kRows, 2 * kRows}) {
            options.rerank = rerank;
            CHECK(finds_the_best(index.search(queries, options), 10, exact, kRows), metric, rerank);
        }
        options.k = options.rerank = kRows;
        CHECK(finds_the_best(index.search(queries, options), kRows, exact, kRows), metric);
    }
}

// A walk never prefers scores of minus infinity, but must handle them.
TEST(index_of_distances_beyond_float32) {
    const Codec codec(VECQ_INT8, kDim);
    const Vector small = random_vector(kRows * kDim, 8);
    Vector queries = random_vector(40 * kDim, 9);
    for (size_t i = 0; i < queries.size(); ++i)
        if (i / kDim % 2 == 1) queries[i] = std::copysign(4.5e18F, queries[i]);
    for (const bool all : {false, true}) {
        Vector vectors = small;
        for (size_t i = 0; i < vectors.size(); ++i)
            if (all || i / kDim % 2 == 1) vectors[i] = std::copysign(4.5e18F, vectors[i]);
        Index index(options_of(VECQ_L2), codec);
        CHECK(index.add(vectors) && index.size() == kRows, index.error.message);
        for (int round = 0; round < 2; ++round) {
            const Found found = index.search(queries, search_of(5, 20));
            CHECK(found.status == VECQ_OK, all);
            for (size_t q = 0; q < found.counts.size(); ++q)
                for (size_t i = 0; i < 5; ++i) {
                    const int64_t id = found.ids[q * 5 + i];
                    const bool is_row = id >= 0 && id < static_cast<int64_t>(kRows);
                    CHECK(is_row == (static_cast<int64_t>(i) < found.counts[q]), all, q, i, id);
                    CHECK(!std::isnan(found.scores[q * 5 + i]), all, q, i);
                }
        }
    }
}
