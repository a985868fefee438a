// Biases that change while searches run. Small, for the thread sanitizer.
#include <atomic>
#include <cmath>
#include <thread>
#include <vector>

#include "check.hpp"
#include "indexes.hpp"
#include "random_vector.hpp"
#include "vecq.h"

using namespace indexes;
using samples::random_vector;

namespace {

constexpr size_t kDim = 16, kRows = 400;
constexpr float kStep = 1000;

// Whether all results of each query have similarities below kStep / 2 and one and the same bias.
bool has_one_bias(const Found& found, size_t k) {
    bool is_right = found.status == VECQ_OK;
    for (size_t q = 0; q < found.counts.size(); ++q)
        for (size_t i = 0; i < static_cast<size_t>(found.counts[q]); ++i)
            is_right = is_right && std::round(found.scores[q * k + i] / kStep) ==
                                       std::round(found.scores[q * k] / kStep);
    return is_right;
}

}  // namespace

TEST(threads_search_while_biases_change) {
    constexpr size_t k = 20;
    const Codec codec(VECQ_INT8, kDim);
    const Vector queries = random_vector(4 * kDim, 2);
    Ids ids(kRows);
    for (size_t i = 0; i < kRows; ++i) ids[i] = static_cast<int64_t>(i);
    for (const int32_t metric : kMetrics) {
        Index index(options_of(metric), codec);
        CHECK(index.add(random_vector(kRows * kDim, 1), ids));
        std::atomic<bool> is_over{false};
        std::atomic<size_t> wrong{0};
        std::vector<std::thread> pool;
        for (const int32_t plan : {VECQ_PLAN_WALK, VECQ_PLAN_SCAN})
            pool.emplace_back([&, plan] {
                while (!is_over)
                    wrong += !has_one_bias(index.search(queries, search_of(k, 60, 15, 0, plan)), k);
            });
        for (int round = 1; round <= 40; ++round) {
            const Vector biases(kRows, kStep * static_cast<float>(round % 8));
            CHECK(vecq_index_set_biases(index.own, ids.data(), kRows, biases.data(), nullptr) ==
                  VECQ_OK);
            Vector read(kRows);
            vecq_index_get_biases(index.own, ids.data(), kRows, read.data(), nullptr);
            CHECK(read == biases, metric, round);
        }
        is_over = true;
        for (std::thread& thread : pool) thread.join();
        CHECK(wrong == 0, metric, wrong);
    }
}

TEST(biases_are_checked) {
    const Codec codec(VECQ_INT8, kDim);
    Index index(options_of(VECQ_IP), codec);
    CHECK(index.add(random_vector(3 * kDim, 1)));
    const int64_t ids[] = {0, 2}, unknown[] = {0, 7};
    float biases[] = {1, NAN};
    CHECK(vecq_index_set_biases(index.own, ids, 2, biases, &index.error) == VECQ_INVALID_ARGUMENT);
    biases[1] = 2;
    CHECK(vecq_index_set_biases(index.own, unknown, 2, biases, nullptr) == VECQ_INVALID_ARGUMENT);
    CHECK(vecq_index_set_biases(index.own, ids, 2, nullptr, nullptr) == VECQ_INVALID_ARGUMENT);
    CHECK(vecq_index_set_biases(nullptr, ids, 2, biases, nullptr) == VECQ_INVALID_ARGUMENT);
    CHECK(vecq_index_get_biases(index.own, ids, 2, biases, nullptr) == VECQ_OK);
    CHECK(biases[0] == 0 && biases[1] == 0);
    // As many biases as vectors.
    CHECK(vecq_index_give_biases(index.own, biases, 2, nullptr) == VECQ_OK);
    CHECK(index.stage(random_vector(kDim, 2)) == VECQ_INVALID_ARGUMENT);
    CHECK(index.add(random_vector(kDim, 2)) && index.size() == 4);
}
