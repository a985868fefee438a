// Concurrent linking and searching. Small indexes, for the thread sanitizer.
#include <algorithm>
#include <atomic>
#include <chrono>
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

vecq_search_options narrow_search(size_t threads = 1) {
    vecq_search_options options = search_of(kBest, 60);
    options.threads = threads;
    return options;
}

// Returns the fraction of the best rows that were found.
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

// Whether the results are distinct rows with their exact scores, best first.
bool is_consistent(const Found& found, const Vector& exact, size_t rows) {
    bool is_right = found.status == VECQ_OK;
    for (size_t q = 0; is_right && q < kQueries; ++q) {
        const auto count = static_cast<size_t>(found.counts[q]);
        is_right = count <= kBest;
        for (size_t i = 0; is_right && i < count; ++i) {
            const size_t at = q * kBest + i;
            const auto id = static_cast<size_t>(found.ids[at]);
            is_right = id < rows && same_bits(&exact[q * rows + id], &found.scores[at], 1);
            if (i > 0) is_right = is_right && found.scores[at] <= found.scores[at - 1];
            for (size_t j = 0; j < i; ++j)
                is_right = is_right && found.ids[q * kBest + j] != found.ids[at];
        }
    }
    return is_right;
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
            const Found found = index.search(queries, narrow_search());
            CHECK(is_consistent(found, exact, rows), metric, threads);
            const double share = recall(found, exact, rows);
            CHECK(share > 0.9, metric, threads, share);
        }
    }
}

TEST(threads_search_an_index_at_once) {
    constexpr size_t rows = 600;
    const Codec codec(VECQ_INT8, kDim), rerank(VECQ_INT16, kDim);
    const Vector vectors = random_vector(rows * kDim, 3),
                 queries = random_vector(kQueries * kDim, 4);
    for (const int32_t metric : {VECQ_IP, VECQ_L2}) {
        Index index(options_of(metric), codec, &rerank);
        CHECK(index.add(vectors), metric);
        std::vector<vecq_search_options> ways = {narrow_search(), narrow_search(2), narrow_search(),
                                                 narrow_search()};
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

// Linked rows stay findable and results are exact at any time.
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
                    wrong += !is_consistent(index.search(queries, narrow_search(1 + thread)), exact,
                                            rows);
                    index.stats();
                    ++searches;
                    std::this_thread::yield();
                }
            });
        CHECK(loops::wait_until([&] { return searches > 0; }), metric);
        bool added = true;
        for (size_t from = 0; from < rows; from += step) {
            const Vector more(vectors.begin() + static_cast<ptrdiff_t>(from * kDim),
                              vectors.begin() + static_cast<ptrdiff_t>((from + step) * kDim));
            // Settling drops staged rows.
            added = added && index.stage(more) == VECQ_OK && index.settle() == VECQ_OK;
            added = added && index.stage(more) == VECQ_OK && index.link_all(40, 2) &&
                    index.settle() == VECQ_OK;
        }
        over = true;
        for (std::thread& thread : pool) thread.join();
        CHECK(added && index.size() == rows, metric, index.error.message);
        CHECK(wrong == 0 && shrunk == 0 && searches > 2, metric, wrong, shrunk, searches);
        CHECK(index.stats().unreachable == 0, metric);
        CHECK(recall(index.search(queries, narrow_search()), exact, rows) > 0.9, metric);
    }
}

// Any number of searching threads must not starve an addition.
TEST(threads_that_search_do_not_starve_additions) {
    const Codec codec(VECQ_INT8, kDim);
    const Vector vectors = random_vector(300 * kDim, 7),
                 queries = random_vector(kQueries * kDim, 8);
    Index index(options_of(VECQ_L2), codec);
    CHECK(index.add(vectors));
    std::atomic<bool> over{false}, added{false};
    std::vector<std::thread> pool;
    for (size_t thread = 0; thread < 6; ++thread)
        pool.emplace_back([&] {
            while (!over) index.search(queries, narrow_search());
        });
    std::thread adder([&] {
        index.add(vectors);
        added = true;
    });
    CHECK(loops::wait_until([&] { return added.load(); }));
    over = true;
    for (std::thread& thread : pool) thread.join();
    adder.join();
}

namespace {

using Clock = std::chrono::steady_clock;

// Sanitizers and emulators distort times, so limits are not checked under them.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__) || defined(VECQ_EMULATED)
constexpr bool kSlowed = true;
#else
constexpr bool kSlowed = false;
#endif

double milliseconds_since(Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// A thread that adds, updates and removes one item in a loop.
class Writer {
public:
    Writer(Index& index, const Vector& vectors, int64_t first_id)
        : thread_([this, &index, &vectors, first_id] {
              const std::vector<float> one(vectors.begin(), vectors.begin() + kDim);
              int32_t added = 0;
              for (int64_t id = first_id; !over_; ++id, ++rounds) {
                  failures += vecq_index_add_few(index.own, one.data(), 1, &id, 0, &added,
                                                 nullptr) != VECQ_OK;
                  failures += vecq_index_add_few(index.own, one.data(), 1, &id, 1, &added,
                                                 nullptr) != VECQ_OK;
                  failures += vecq_index_remove(index.own, &id, 1, nullptr) != VECQ_OK;
              }
          }) {}
    ~Writer() { stop(); }
    void stop() {
        over_ = true;
        if (thread_.joinable()) thread_.join();
    }

    std::atomic<size_t> rounds{0}, failures{0};

private:
    std::atomic<bool> over_{false};
    std::thread thread_;
};

}  // namespace

// A writer waits for readers, and new readers wait for the writer: a long batch must pause for
// both.
TEST(threads_search_fast_during_long_batches) {
    constexpr size_t rows = 3000, batch = kSlowed ? 3000 : 100'000;
    constexpr double limit = 100;  // milliseconds
    const Codec codec(VECQ_INT8, kDim);
    const Vector vectors = random_vector(rows * kDim, 9), queries = random_vector(batch * kDim, 10),
                 one = random_vector(kDim, 11);
    for (const int32_t plan : {VECQ_PLAN_WALK, VECQ_PLAN_SCAN})
        for (const size_t threads : {1, 2}) {
            Index index(options_of(VECQ_L2), codec);
            CHECK(index.add(vectors));
            std::atomic<bool> over{false};
            double batch_took = 0;
            std::thread batches([&] {
                vecq_search_options options = search_of(kBest, 100, 15, 0, plan);
                options.threads = threads;
                const auto start = Clock::now();
                index.search(queries, options);
                batch_took = milliseconds_since(start);
                over = true;
            });
            Writer writer(index, vectors, rows);
            std::vector<double> took;
            while (!over) {
                const auto start = Clock::now();
                index.search(one, narrow_search());
                took.push_back(milliseconds_since(start));
                std::this_thread::sleep_for(std::chrono::microseconds(100));
            }
            batches.join();
            writer.stop();
            std::sort(took.begin(), took.end());
            const double slow = took[(took.size() * 999 + 999) / 1000 - 1];
            CHECK(writer.failures == 0 && writer.rounds > 0, plan, threads, writer.failures);
            CHECK(kSlowed || batch_took > 3 * limit, plan, threads, batch_took);
            CHECK(kSlowed || slow < limit, plan, threads, slow, took.size(), batch_took);
        }
}

// Between the slices of a batch rows are added, removed and moved. Every query gets k results, none
// of them denied by the filter or excluded by the query, wherever those rows lie now.
TEST(threads_answer_every_query_of_a_batch_during_updates) {
    constexpr size_t rows = 2000, batch = kSlowed ? 1000 : 20'000;
    const Codec codec(VECQ_INT8, kDim), rerank(VECQ_INT16, kDim);
    const Vector vectors = random_vector(rows * kDim, 12),
                 queries = random_vector(batch * kDim, 13);
    for (const int32_t plan : {VECQ_PLAN_WALK, VECQ_PLAN_STEP_OVER, VECQ_PLAN_SCAN, VECQ_PLAN_AUTO})
        for (const size_t threads : {1, 2}) {
            Index index(options_of(VECQ_L2), codec, &rerank);
            CHECK(index.add(vectors));
            Ids denied;
            for (int64_t id = 0; id < static_cast<int64_t>(rows); id += 3) denied.push_back(id);
            const vecq_choice deny{sizeof(vecq_choice), denied.data(), nullptr, nullptr,
                                   denied.size()};
            vecq_filter* filter = nullptr;
            CHECK(vecq_filter_open(index.own, nullptr, &deny, &filter, nullptr) == VECQ_OK);
            Ids offsets, excluded;  // per query, a few of the ids that are being updated
            for (size_t q = 0; q <= batch; ++q) {
                offsets.push_back(static_cast<int64_t>(excluded.size()));
                for (int64_t i = 0; q < batch && i < 2; ++i)
                    excluded.push_back(1 + 3 * (static_cast<int64_t>(q) % 50) + i);
            }
            std::atomic<bool> over{false};
            std::atomic<size_t> updates{0}, refused{0};
            std::thread updater([&] {
                for (size_t round = 0; !over; ++round, ++updates) {
                    const auto first = static_cast<int64_t>(round * 8 % 150);
                    Ids ids;
                    for (int64_t i = 0; i < 8; ++i) ids.push_back(first + i);
                    const Vector some = random_vector(8 * kDim, round);
                    refused += !index.update(some, ids);
                }
            });
            CHECK(loops::wait_until([&] { return updates > 0; }));
            vecq_search_options options = search_of(kBest, 40, 15, 20, plan);
            options.threads = threads;
            options.filter = filter;
            options.exclude_offsets = offsets.data();
            options.exclude_ids = excluded.data();
            const size_t before = updates;
            const Found found = index.search(queries, options);
            const size_t during = updates - before;
            over = true;
            updater.join();
            size_t unanswered = 0, forbidden = 0, twice = 0;
            for (size_t q = 0; q < batch; ++q) {
                unanswered += found.counts[q] != kBest;
                for (size_t i = 0; i < kBest; ++i) {
                    const int64_t id = found.ids[q * kBest + i];
                    forbidden +=
                        id < 0 || id % 3 == 0 || id == excluded[2 * q] || id == excluded[2 * q + 1];
                    for (size_t j = 0; j < i; ++j) twice += found.ids[q * kBest + j] == id;
                }
            }
            CHECK(found.status == VECQ_OK && refused == 0, plan, threads, refused);
            CHECK(unanswered + forbidden + twice == 0, plan, threads, unanswered, forbidden, twice);
            CHECK(during > 0, plan, threads, during);
            vecq_filter_close(filter);
        }
}
