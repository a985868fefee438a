// Probes while items are added, removed, saved and partitioned. Small, for the thread sanitizer.
#include <atomic>
#include <cstdint>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "check.hpp"
#include "files.hpp"
#include "vecq.h"

using namespace files;
using samples::random_vector;

TEST(threads_probe_while_items_change) {
    constexpr size_t kDim = 16, kRows = 600, kQueries = 300, kBest = 10, kStep = 60;
    const Codec codec(VECQ_INT8, kDim);
    const Vector vectors = random_vector(kRows * kDim, 1),
                 queries = random_vector(kQueries * kDim, 2);
    const Folder folder;
    Index index(options_of(VECQ_L2), codec);
    CHECK(index.add(vectors) && files::rebuild(index.own, [](auto own, auto task, auto error) {
                                    return vecq_task_partition(own, 20, task, error);
                                }) == VECQ_OK);
    std::atomic<size_t> wrong = 0;
    std::atomic<bool> done = false;
    const auto search = [&](size_t thread) {
        for (size_t round = 0; !done || round < 3; ++round) {
            vecq_search_options options = search_of(kBest, 40, 15, 0, VECQ_PLAN_PROBE);
            options.probes = 1 + round % 4;
            options.threads = 1 + thread % 2;
            const Found found = index.search(queries, options);
            wrong += found.status != VECQ_OK || found.counts != Ids(kQueries, kBest);
        }
    };
    std::vector<std::thread> pool;
    for (size_t thread = 0; thread < 2; ++thread) pool.emplace_back(search, thread);
    for (size_t round = 0; round < 4; ++round) {
        Ids ids(kStep);
        std::iota(ids.begin(), ids.end(), static_cast<int64_t>(round * kStep));
        CHECK(index.remove(ids) == VECQ_OK, index.error.message);
        CHECK(index.add(random_vector(kStep * kDim, 3 + round)), index.error.message);
        CHECK(save(index.own, folder / "a.vecq") == VECQ_OK);
        if (round == 2)
            CHECK(files::rebuild(index.own, [](auto own, auto task, auto error) {
                      return vecq_task_partition(own, 0, task, error);
                  }) == VECQ_OK);
    }
    done = true;
    for (std::thread& thread : pool) thread.join();
    CHECK(wrong == 0, wrong);
}
