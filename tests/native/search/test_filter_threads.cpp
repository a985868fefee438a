// Concurrent searches with filters during additions. Small, for the thread sanitizer.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "check.hpp"
#include "filters.hpp"
#include "indexes.hpp"
#include "random_vector.hpp"
#include "vecq.h"

using namespace indexes;
using samples::random_vector;

namespace {

constexpr size_t kDim = 16, kFirst = 300, kRows = 900, kStep = 150, kQueries = 9, kBest = 20;

Vector part(const Vector& vectors, size_t from, size_t to) {
    return {vectors.begin() + static_cast<ptrdiff_t>(from * kDim),
            vectors.begin() + static_cast<ptrdiff_t>(to * kDim)};
}

// Whether kBest rows were found, none of them denied by the filter (odd rows of the first addition)
// or excluded by the queries (multiples of six).
bool is_right(const Found& found) {
    const bool whole = found.status == VECQ_OK && found.counts == Ids(kQueries, kBest);
    return whole && std::none_of(found.ids.begin(), found.ids.end(), [](int64_t id) {
               const bool first = id < static_cast<int64_t>(kFirst);
               return id < 0 || (first && (id % 2 == 1 || id % 6 == 0));
           });
}

}  // namespace

TEST(threads_filter_while_rows_are_added) {
    const Codec codec(VECQ_INT8, kDim);
    const Vector vectors = random_vector(kRows * kDim, 1),
                 queries = random_vector(kQueries * kDim, 2);
    Ids odd, seen, offsets = {0};
    for (int64_t id = 1; id < static_cast<int64_t>(kFirst); id += 2) odd.push_back(id);
    for (size_t q = 0; q < kQueries; ++q) {
        for (int64_t id = 0; id < static_cast<int64_t>(kFirst); id += 6) seen.push_back(id);
        offsets.push_back(static_cast<int64_t>(seen.size()));
    }
    for (const int32_t metric : {VECQ_IP, VECQ_L2}) {
        Index index(options_of(metric), codec);
        CHECK(index.add(part(vectors, 0, kFirst)), metric);
        const vecq_choice listed = ids_of(odd);
        const Filter even(index, nullptr, &listed);
        std::atomic<size_t> wrong = 0, rounds = 0;
        std::atomic<bool> done = false;
        const auto search = [&](size_t thread) {
            for (size_t round = 0; !done || round < 4; ++round, ++rounds) {
                vecq_search_options options = search_of(kBest, 40);
                options.plan = static_cast<int32_t>((thread + round) % 4);
                options.threads = 1 + round % 2;
                options.exclude_offsets = offsets.data();
                options.exclude_ids = seen.data();
                const vecq_choice same = passing(even);
                const Filter own(index, &same, nullptr);
                options.filter = round % 3 == 0 ? own.own : even.own;
                wrong += !is_right(index.search(queries, options));
                const size_t before = even.count();
                wrong += before < kFirst / 2 || even.count() < before;
            }
        };
        std::vector<std::thread> pool;
        for (size_t thread = 0; thread < 3; ++thread) pool.emplace_back(search, thread);
        for (size_t from = kFirst; from < kRows; from += kStep)
            CHECK(index.add(part(vectors, from, from + kStep), {}, 2), metric, from);
        done = true;
        for (std::thread& thread : pool) thread.join();
        CHECK(wrong == 0 && rounds >= 12, metric, wrong, rounds);
        CHECK(even.count() == kRows - kFirst / 2, metric, even.count());
    }
}
