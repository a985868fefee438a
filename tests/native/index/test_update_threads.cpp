// Concurrent searches, additions, updates, removals and saves. Small, for the thread sanitizer.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "base/rng.hpp"
#include "check.hpp"
#include "files.hpp"
#include "loops.hpp"
#include "vecq.h"

using namespace files;
using samples::random_vector;
using vecq::Random;

namespace {

constexpr size_t kDim = 16, kRows = 300;

// Whether ids are distinct and in range, and scores are in falling order.
bool is_plausible(const Found& found, size_t k) {
    bool right = found.status == VECQ_OK;
    for (size_t q = 0; q < found.counts.size(); ++q)
        for (size_t i = 0; i < static_cast<size_t>(found.counts[q]); ++i) {
            right = right && found.ids[q * k + i] >= 0;
            for (size_t j = 0; j < i; ++j)
                right = right && found.ids[q * k + i] != found.ids[q * k + j] &&
                        found.scores[q * k + j] >= found.scores[q * k + i];
        }
    return right;
}

}  // namespace

TEST(threads_search_during_updates) {
    const Folder folder;
    const Codec codec(VECQ_INT8, kDim);
    const Vector queries = random_vector(4 * kDim, 2);
    for (const int32_t metric : kMetrics) {
        Index index(options_of(metric), codec);
        CHECK(index.add(random_vector(kRows * kDim, 1)));
        std::atomic<bool> over{false};
        std::atomic<size_t> searches{0}, wrong{0};
        std::vector<std::thread> pool;
        for (const int32_t plan : {VECQ_PLAN_WALK, VECQ_PLAN_SCAN})
            pool.emplace_back([&, plan] {
                const Ids excluded = {1, 2, 3, 4}, offsets = {0, 1, 2, 3, 4};
                vecq_choice deny{sizeof deny, excluded.data(), nullptr, nullptr, 2};
                vecq_filter* filter = nullptr;
                vecq_filter_open(index.own, nullptr, &deny, &filter, nullptr);
                while (!over) {
                    vecq_search_options options = search_of(10, 40, 15, 0, plan);
                    wrong += !is_plausible(index.search(queries, options), 10);
                    options.exclude_offsets = offsets.data();
                    options.exclude_ids = excluded.data();
                    options.filter = filter;
                    const Found found = index.search(queries, options);
                    wrong += !is_plausible(found, 10) || std::ranges::count(found.ids, 1) != 0;
                    index.stats();
                    ++searches;
                    std::this_thread::yield();
                }
                vecq_filter_close(filter);
            });
        pool.emplace_back([&] {
            const std::string path = folder / "a.vecq";
            while (!over) {
                wrong += save(index.own, path) != VECQ_OK;
                const Opened opened(path);
                const size_t rows = opened.size();
                wrong += rows < kRows - 8 || rows > kRows || problems_of(opened.own) != 0;
                std::this_thread::yield();
            }
        });
        CHECK(loops::wait_until([&] { return searches > 0; }), metric);
        Random random(3);
        size_t refused = 0;
        for (int64_t round = 0; round < 25; ++round) {
            const Vector some = random_vector(8 * kDim, 5 + static_cast<uint64_t>(round));
            Ids removed, changed, fresh;
            for (int64_t i = 0; i < 8; ++i) {
                removed.push_back(10 + round * 8 + i);
                changed.push_back(removed.back() + 8);
                fresh.push_back(1000 + removed.back());
            }
            refused += index.remove(removed) != VECQ_OK;
            refused += !index.update(some, changed);
            refused += !index.add(some, fresh);
        }
        over = true;
        for (std::thread& thread : pool) thread.join();
        std::string problem;
        CHECK(problems_of(index.own, &problem) == 0 && index.size() == kRows, metric, problem);
        CHECK(wrong + refused == 0 && searches > 2, metric, wrong, searches, refused);
    }
}
