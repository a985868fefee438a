// Cancelling searches, and the effort of a search by the recall curve.
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "check.hpp"
#include "indexes.hpp"
#include "vecq.h"

using namespace indexes;
using samples::random_vector;

namespace {

constexpr size_t kDim = 16, kRows = 2000;

struct Sample {
    Sample() : index(options_of(VECQ_L2), codec) {
        CHECK(index.add(random_vector(kRows * kDim, 1)));
    }
    Codec codec{VECQ_INT8, kDim};
    Index index;
};

size_t effort(const Index& index, size_t k, double recall, vecq_error& error) {
    size_t ef = 0, rerank = 77;
    if (vecq_index_effort(index.own, k, recall, &ef, &rerank, &error) != VECQ_OK) return 0;
    CHECK(rerank == 0);
    return ef;
}

}  // namespace

TEST(a_cancelled_search_answers_nothing) {
    const Sample sample;
    const Vector queries = random_vector(40 * kDim, 2);
    for (const int32_t plan : {VECQ_PLAN_WALK, VECQ_PLAN_SCAN})
        for (const int32_t flag : {0, 1, -1}) {
            vecq_search_options options = search_of(10, 50, 15, 0, plan);
            options.cancelled = &flag;
            const Found found = sample.index.search(queries, options);
            CHECK(found.status == (flag == 0 ? VECQ_OK : VECQ_CANCELLED), plan, flag);
        }
}

TEST(a_search_ends_soon_after_another_thread_cancels_it) {
    using Clock = std::chrono::steady_clock;
    const Sample sample;
    const Vector queries = random_vector(size_t{200'000} * kDim, 2);  // for seconds
    for (const int32_t plan : {VECQ_PLAN_WALK, VECQ_PLAN_SCAN})
        for (const size_t threads : {1, 2}) {
            int32_t flag = 0;
            Clock::time_point cancelled_at;
            vecq_search_options options = search_of(10, 300, 15, 0, plan);
            options.cancelled = &flag;
            options.threads = threads;
            std::thread cancel([&] {
                std::this_thread::sleep_for(std::chrono::milliseconds(20));
                cancelled_at = Clock::now();
                __atomic_store_n(&flag, 1, __ATOMIC_RELAXED);
            });
            const Found found = sample.index.search(queries, options);
            const auto now = Clock::now();
            cancel.join();
            CHECK(found.status == VECQ_CANCELLED, plan, threads);
            CHECK(now - cancelled_at < std::chrono::seconds(2), plan, threads);
        }
}

TEST(the_default_beam_is_wider_for_walks_over_one_of_several_planes) {
    constexpr size_t kMost = (size_t{1} << 32) - 2, kWide = 256;
    vecq_error error{};
    const struct {
        int32_t width;
        size_t dim;
        bool is_wider;
    } cases[] = {{VECQ_INT12, kDim, true},
                 {VECQ_INT8, kWide, true},
                 {VECQ_INT8, kDim, false},
                 {VECQ_INT4, kWide, false},
                 {VECQ_FP16, kWide, false}};
    for (const auto& [width, dim, is_wider] : cases) {
        const Codec codec{width, dim};
        vecq_index_options options = options_of(VECQ_COSINE);
        const Index index(options, codec);
        CHECK(effort(index, 1, 0, error) == 101, width);
        CHECK(effort(index, 368, 0, error) == 468, width);
        CHECK(effort(index, 1000, 0, error) == (is_wider ? 1258U : 1100U), width);
        CHECK(effort(index, kMost, 0, error) == kMost, width);
    }
}

TEST(effort_follows_the_recall_curve) {
    constexpr size_t kMost = (size_t{1} << 32) - 2;
    Sample sample;
    vecq_error error{};
    CHECK(effort(sample.index, 10, 0, error) == 110);
    CHECK(effort(sample.index, kMost, 0, error) == kMost);
    CHECK(effort(sample.index, 10, 0.9, error) == 0);
    CHECK(std::string(error.argument) == "target_recall");
    const vecq_curve_point points[] = {{10, 10, 0.5}, {10, 20, 0.9}, {1000, 1000, 0.95}};
    CHECK(vecq_index_set_curve(sample.index.own, points, 3, kRows, nullptr) == VECQ_OK);
    CHECK(effort(sample.index, 10, 0.7, error) == 15);
    CHECK(effort(sample.index, 10, 0.9, error) == 20);
    CHECK(effort(sample.index, 5, 0.1, error) == 10);
    // Half of the way from 20 to 1000; rounding up may add one.
    CHECK(effort(sample.index, 100, 0.9, error) / 2 == 255);
    CHECK(effort(sample.index, 1000, 0.95, error) == 1000);
    CHECK(effort(sample.index, 100, 0.95, error) == 0);
    CHECK(std::string(error.message).find("k=10 and k=1000 is 0.9000") != std::string::npos,
          error.message);
    CHECK(effort(sample.index, 10, std::nan(""), error) == 0);
    CHECK(effort(sample.index, 10, -1, error) == 0);
    CHECK(effort(sample.index, 0, 0.9, error) == 0 && std::string(error.argument) == "k");

    size_t ef = 0;
    const auto of = [&](size_t k, double recall, uint64_t rows) {
        ef = 0;
        vecq_curve_ef(points, 2, kRows, k, recall, rows, &ef, &error);
        return ef;
    };
    CHECK(of(100, 0.9, 0) == 400);  // k is beyond the curve
    CHECK(of(10, 0.9, kRows * 2) == 29);
    CHECK(of(10, 0.9, kRows * 2 + 1) == 0);
    CHECK(std::string(error.message).find("2,000 items and there are 4,001") != std::string::npos,
          error.message);
    const vecq_curve_point wrong{0, 10, 0.5};
    CHECK(vecq_curve_ef(&wrong, 1, 10, 5, 0.5, 10, &ef, &error) == VECQ_INVALID_ARGUMENT);
    CHECK(std::string(error.argument) == "points");
}

// The widths of a file may be in any order, and widths that searches refuse never come out.
TEST(effort_of_rerank_stores_follows_the_measured_widths) {
    constexpr size_t kMost = (size_t{1} << 32) - 2;
    const Codec codec(VECQ_INT4, kDim), finer(VECQ_FP32, kDim);
    Index index(options_of(VECQ_COSINE), codec, &finer);
    CHECK(index.add(random_vector(kRows * kDim, 1)), index.error.message);
    const auto width_of = [&](size_t k) {
        size_t ef = 0, rerank = 0;
        CHECK(vecq_index_effort(index.own, k, 0, &ef, &rerank, nullptr) == VECQ_OK);
        return rerank;
    };
    CHECK(width_of(10) == 70 && width_of(kMost) == kMost);
    const vecq_curve_point curve[] = {{10, 20, 0.5}};
    CHECK(vecq_index_set_curve(index.own, curve, 1, kRows, nullptr) == VECQ_OK);
    const vecq_curve_point widths[] = {{10, 20, 1}, {1000, 1500, 1}};
    CHECK(vecq_index_set_rerank_widths(index.own, widths, 2, nullptr) == VECQ_OK);
    CHECK(width_of(1) == 20 && width_of(10) == 20 && width_of(100) == 175);
    CHECK(width_of(1000) == 1500 && width_of(2000) == 3000);
    const vecq_curve_point odd[] = {{10, 1, 1}, {10, UINT64_MAX, 1}, {5, 7, 1}, {UINT64_MAX, 1, 1}};
    CHECK(vecq_index_set_rerank_widths(index.own, odd, 4, nullptr) == VECQ_OK);
    for (const size_t k : {1, 4, 5, 6, 9, 10, 11, 1000})
        CHECK(width_of(k) >= k && width_of(k) <= size_t{1} << 31, k);
}
