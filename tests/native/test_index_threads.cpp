// Indexes that several threads link, and search, at the same time. Small, for the thread sanitizer.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

#include "check.hpp"
#include "indexes.hpp"
#include "loops.hpp"
#include "random_vector.hpp"
#include "vecq.h"

using namespace indexes;
using samples::random_vector;

namespace {

constexpr size_t kDim = 16, kQueries = 40, kBest = 10;

vecq_search_options narrow(size_t threads = 1) {
    vecq_search_options options = search_of(kBest, 60);
    options.threads = threads;
    return options;
}

// How many of the best rows were found, of all.
double recall(const Found& found, const Vector& exact, size_t rows) {
    size_t hits = 0;
    for (size_t q = 0; q < kQueries; ++q) {
        Vector best(exact.begin() + static_cast<ptrdiff_t>(q * rows),
                    exact.begin() + static_cast<ptrdiff_t>((q + 1) * rows));
        std::nth_element(best.begin(), best.begin() + kBest - 1, best.end(), std::greater<>());
        for (size_t i = 0; i < kBest; ++i) hits += found.scores[q * kBest + i] >= best[kBest - 1];
    }
    return static_cast<double>(hits) / (kQueries * kBest);
}

// Whether what was found are different rows with their right scores, the best first.
bool consistent(const Found& found, const Vector& exact, size_t rows) {
    bool right = found.status == VECQ_OK;
    for (size_t q = 0; right && q < kQueries; ++q) {
        const auto count = static_cast<size_t>(found.counts[q]);
        right = count <= kBest;
        for (size_t i = 0; right && i < count; ++i) {
            const size_t at = q * kBest + i;
            const auto id = static_cast<size_t>(found.ids[at]);
            right = id < rows && same_bits(&exact[q * rows + id], &found.scores[at], 1);
            if (i > 0) right = right && found.scores[at] <= found.scores[at - 1];
            for (size_t j = 0; j < i; ++j)
                right = right && found.ids[q * kBest + j] != found.ids[at];
        }
    }
    return right;
}

}  // namespace

TEST(threads_link_rows_together) {
    constexpr size_t rows = 2000;
    const Codec codec(VECQ_INT8, kDim);
    const Vector vectors = random_vector(rows * kDim, 1),
                 queries = random_vector(kQueries * kDim, 2);
    for (const int32_t metric : {VECQ_IP, VECQ_L2}) {
        const Vector exact = exact_scores(codec, metric, 15, queries, vectors);
        for (const size_t threads : {2, 4}) {
            Index index(options_of(metric), codec);
            CHECK(index.stage(vectors) == VECQ_OK && index.link_all(700, threads), metric, threads);
            CHECK(index.settle() == VECQ_OK && index.size() == rows, metric, threads);
            CHECK(index.stats().unreachable == 0, metric, threads);
            const Found found = index.search(queries, narrow());
            CHECK(consistent(found, exact, rows), metric, threads);
            const double share = recall(found, exact, rows);
            CHECK(share > 0.9, metric, threads, share);
        }
    }
}

TEST(threads_search_an_index_at_once) {
    constexpr size_t rows = 600;
    const Codec codec(VECQ_INT8, kDim), wide(VECQ_INT16, kDim);
    const Vector vectors = random_vector(rows * kDim, 3),
                 queries = random_vector(kQueries * kDim, 4);
    for (const int32_t metric : {VECQ_IP, VECQ_L2}) {
        Index index(options_of(metric), codec, &wide);
        CHECK(index.add(vectors), metric);
        std::vector<vecq_search_options> ways = {narrow(), narrow(2), narrow(), narrow()};
        ways[2].query_bits = 8;
        ways[3].rerank = 30;
        std::vector<Found> alone;
        for (const auto& way : ways) alone.push_back(index.search(queries, way));
        std::atomic<size_t> same{0};
        std::vector<std::thread> pool;
        for (size_t thread = 0; thread < 4; ++thread)
            pool.emplace_back([&, thread] {
                for (size_t round = 0; round < 8; ++round) {
                    const size_t way = (thread + round) % ways.size();
                    same += index.search(queries, ways[way]) == alone[way];
                }
            });
        for (std::thread& thread : pool) thread.join();
        CHECK(same == 4 * 8, metric, same);
    }
}

// What was linked is never lost on the way, and what is found is always right.
TEST(threads_search_while_rows_are_added) {
    constexpr size_t rows = 900, step = 300;
    const Codec codec(VECQ_INT8, kDim);
    const Vector vectors = random_vector(rows * kDim, 5),
                 queries = random_vector(kQueries * kDim, 6);
    for (const int32_t metric : {VECQ_IP, VECQ_L2}) {
        const Vector exact = exact_scores(codec, metric, 15, queries, vectors);
        Index index(options_of(metric), codec);
        std::atomic<bool> over{false};
        std::atomic<size_t> searches{0}, wrong{0}, shrunk{0};
        std::vector<std::thread> pool;
        for (size_t thread = 0; thread < 2; ++thread)
            pool.emplace_back([&, thread] {
                for (size_t before = 0; !over;) {
                    const size_t size = index.size();
                    shrunk += size < before;
                    before = size;
                    wrong += !consistent(index.search(queries, narrow(1 + thread)), exact, rows);
                    index.stats();
                    ++searches;
                    std::this_thread::yield();
                }
            });
        CHECK(loops::comes_true([&] { return searches > 0; }), metric);
        bool added = true;
        for (size_t from = 0; from < rows; from += step) {
            const Vector more(vectors.begin() + static_cast<ptrdiff_t>(from * kDim),
                              vectors.begin() + static_cast<ptrdiff_t>((from + step) * kDim));
            added = added && index.stage(more) == VECQ_OK && index.settle() == VECQ_OK;  // dropped
            added = added && index.stage(more) == VECQ_OK && index.link_all(40, 2) &&
                    index.settle() == VECQ_OK;
        }
        over = true;
        for (std::thread& thread : pool) thread.join();
        CHECK(added && index.size() == rows, metric, index.error.message);
        CHECK(wrong == 0 && shrunk == 0 && searches > 2, metric, wrong, shrunk, searches);
        CHECK(index.stats().unreachable == 0, metric);
        CHECK(recall(index.search(queries, narrow()), exact, rows) > 0.9, metric);
    }
}

// Those that search must leave the one who adds a gap, however many they are.
TEST(threads_that_search_let_rows_in) {
    const Codec codec(VECQ_INT8, kDim);
    const Vector vectors = random_vector(300 * kDim, 7),
                 queries = random_vector(kQueries * kDim, 8);
    Index index(options_of(VECQ_L2), codec);
    CHECK(index.add(vectors));
    std::atomic<bool> over{false}, added{false};
    std::vector<std::thread> pool;
    for (size_t thread = 0; thread < 6; ++thread)
        pool.emplace_back([&] {
            while (!over) index.search(queries, narrow());
        });
    std::thread adder([&] {
        index.add(vectors);
        added = true;
    });
    CHECK(loops::comes_true([&] { return added.load(); }));
    over = true;
    for (std::thread& thread : pool) thread.join();
    adder.join();
}
