// Every reading call, while another thread changes the index. Small indexes, for the thread
// sanitizer.
#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

#include "check.hpp"
#include "files.hpp"
#include "loops.hpp"
#include "vecq.h"

using namespace files;
using samples::random_vector;

namespace {

constexpr size_t kDim = 16, kRows = 120;

// Runs each reader on its own thread until `change` returns. Each reads at least once before it
// starts.
void read_during(const std::vector<std::function<void()>>& readers,
                 const std::function<void()>& change) {
    std::atomic<bool> over{false};
    std::atomic<size_t> started{0};
    std::vector<std::thread> pool;
    for (const auto& read : readers)
        pool.emplace_back([&] {
            read();
            ++started;
            while (!over) {
                read();
                std::this_thread::yield();
            }
        });
    CHECK(loops::wait_until([&] { return started == readers.size(); }));
    change();
    over = true;
    for (std::thread& thread : pool) thread.join();
}

// Removes all items, which resets the codec to unfitted, and adds them again.
void empty_and_refill(Index& index, const Vector& vectors, const Ids& ids) {
    size_t refused = 0;
    for (int round = 0; round < 20; ++round) {
        refused += index.remove(ids) != VECQ_OK;
        refused += index.fit(vectors) != VECQ_OK;
        refused += !index.add(vectors, ids);
    }
    CHECK(refused == 0 && index.size() == ids.size(), refused, index.error.message);
}

Ids first_ids(size_t count) {
    Ids ids(count);
    for (size_t i = 0; i < count; ++i) ids[i] = static_cast<int64_t>(i);
    return ids;
}

}  // namespace

TEST(threads_describe_an_index_that_is_emptied) {
    const Codec codec(VECQ_INT8, kDim, VECQ_SCALE_GLOBAL),
        rerank(VECQ_INT16, kDim, VECQ_SCALE_GLOBAL);
    const Vector vectors = random_vector(kRows * kDim, 1);
    const Ids ids = first_ids(kRows);
    Index index(options_of(VECQ_L2), codec, &rerank);
    CHECK(index.fit(vectors) == VECQ_OK && index.add(vectors, ids), index.error.message);
    std::atomic<size_t> wrong{0};
    read_during({[&] {
                    vecq_index_description about{sizeof about, 0, 0};
                    vecq_codec_options own{}, other{};
                    own.struct_size = other.struct_size = sizeof own;
                    wrong += vecq_index_describe(index.own, &about, nullptr, &own, &other,
                                                 nullptr) != VECQ_OK ||
                             about.dim != kDim || own.width != VECQ_INT8 ||
                             own.scale != VECQ_SCALE_GLOBAL || other.width != VECQ_INT16;
                }},
                [&] { empty_and_refill(index, vectors, ids); });
    CHECK(wrong == 0, wrong);
}

// The first lookup of an id builds the table of ids, whose size the statistics report.
TEST(threads_read_statistics_while_ids_are_prepared) {
    const Codec codec(VECQ_INT8, kDim);
    const Vector vectors = random_vector(kRows * kDim, 2);
    for (int round = 0; round < 20; ++round) {
        Index index(options_of(VECQ_L2), codec);
        CHECK(index.add(vectors), index.error.message);
        const size_t before = index.stats().id_bytes;
        std::atomic<size_t> wrong{0};
        std::atomic<bool> found{false};
        read_during({[&] {
                        const size_t bytes = index.stats().id_bytes;
                        wrong += bytes < before;
                    }},
                    [&] { found = index.holds(kRows - 1); });
        CHECK(wrong == 0 && found && index.stats().id_bytes > before, wrong);
    }
}

TEST(threads_export_rows_while_others_are_staged) {
    const Codec codec(VECQ_INT8, kDim), rerank(VECQ_INT16, kDim);
    const Vector vectors = random_vector(kRows * kDim, 3),
                 many = random_vector(50 * kRows * kDim, 4);  // enough that encoding takes long
    for (const Codec* reranked : {static_cast<const Codec*>(nullptr), &rerank}) {
        Index index(options_of(VECQ_L2), codec, reranked);
        CHECK(index.add(vectors), index.error.message);
        std::vector<uint8_t> levels(kRows);
        Ids ids(kRows);
        Vector decoded(kRows * kDim);
        std::atomic<size_t> wrong{0};
        read_during({[&] {
                        wrong +=
                            vecq_index_export_rows(index.own, 0, kRows, levels.data(), ids.data(),
                                                   decoded.data(), nullptr) != VECQ_OK;
                    }},
                    [&] {
                        for (int round = 0; round < 5; ++round)
                            wrong += index.stage(many) != VECQ_OK || index.settle() != VECQ_OK;
                    });
        CHECK(wrong == 0 && index.size() == kRows, wrong, index.error.message);
    }
}

TEST(threads_read_an_index_that_is_emptied_and_refilled) {
    const Codec codec(VECQ_INT8, kDim, VECQ_SCALE_GLOBAL), rerank(VECQ_FP32, kDim);
    const Vector vectors = random_vector(kRows * kDim, 5), queries = random_vector(2 * kDim, 6);
    const Ids ids = first_ids(kRows);
    for (const int32_t metric : {VECQ_IP, VECQ_L2}) {
        Index index(options_of(metric), codec, &rerank);
        CHECK(index.fit(vectors) == VECQ_OK && index.add(vectors, ids), index.error.message);
        const std::vector<std::function<void()>> readers = {
            [&] {
                Vector decoded(kDim);
                const int64_t id = 3;
                index.stats();
                index.holds(id);
                vecq_index_get(index.own, &id, 1, decoded.data(), nullptr);
            },
            [&] {
                Ids listed(kRows);
                size_t count = 0;
                vecq_index_ids(index.own, listed.data(), kRows, &count, nullptr);
                vecq_clipped clipped{sizeof clipped, 0, 0};
                vecq_index_get_clipped(index.own, &clipped, nullptr);
                vecq_curve_point points[4];
                uint64_t rows = 0;
                vecq_index_curve(index.own, points, 4, &count, &rows, nullptr);
            },
            [&] {
                const vecq_choice deny{sizeof(vecq_choice), ids.data(), nullptr, nullptr, 10};
                vecq_filter* filter = nullptr;
                size_t count = 0;
                vecq_filter_open(index.own, nullptr, &deny, &filter, nullptr);
                vecq_filter_count(filter, &count, nullptr);
                vecq_search_options options = search_of(5, 40, 15, 20);
                options.filter = filter;
                index.search(queries, options);
                vecq_filter_close(filter);
            },
            [&] {
                vecq_index_description about{sizeof about, 0, 0};
                vecq_index_describe(index.own, &about, nullptr, nullptr, nullptr, nullptr);
                vecq_graph graph{};
                graph.struct_size = sizeof graph;
                vecq_index_export_graph(index.own, &graph, nullptr);
                std::vector<uint8_t> levels(graph.rows);
                Ids own(graph.rows);
                Vector decoded(graph.rows * kDim);
                vecq_index_export_rows(index.own, 0, graph.rows, levels.data(), own.data(),
                                       decoded.data(), nullptr);
                std::vector<uint32_t> links(graph.rows * graph.max_degree);
                vecq_index_export_links(index.own, 0, 0, graph.rows, links.data(), graph.max_degree,
                                        nullptr);
            }};
        read_during(readers, [&] {
            empty_and_refill(index, vectors, ids);
            index.remove(first_ids(20));
            CHECK(rebuild(index.own, vecq_task_compact, &index.error) == VECQ_OK &&
                      rebuild(index.own, vecq_task_refit, &index.error) == VECQ_OK,
                  index.error.message);
        });
        CHECK(problems_of(index.own) == 0 && index.size() == kRows - 20, metric);
    }
}
