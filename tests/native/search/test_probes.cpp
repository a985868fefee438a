// Probing: cells hold every item once, all cells together answer like a scan, and changes count.
#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "check.hpp"
#include "files.hpp"
#include "vecq.h"

using namespace files;
using samples::random_vector;

namespace {

constexpr size_t kDim = 16, kRows = 900, kQueries = 70, kBest = 12, kCells = 23;

vecq_status partition(vecq_index* index, size_t cells = kCells, vecq_error* error = nullptr) {
    vecq_task* task = nullptr;
    vecq_status status = vecq_task_partition(index, cells, &task, error);
    if (status == VECQ_OK) status = run(task, error);
    vecq_task_close(task);
    return status;
}

vecq_search_options probing(size_t probes, size_t rerank = 0) {
    vecq_search_options options = search_of(kBest, 500, 15, rerank, VECQ_PLAN_PROBE);
    options.probes = probes;
    return options;
}

vecq_search_options scanning(size_t rerank = 0) {
    return search_of(kBest, 500, 15, rerank, VECQ_PLAN_SCAN);
}

// Whether all cells answer like a scan: whole groups of queries, and few of them.
template <class Searched>
bool answers_like_a_scan(const Searched& index, const Vector& queries, size_t rerank = 0) {
    const Vector few(queries.begin(), queries.begin() + 3 * kDim);
    return index.search(queries, probing(kRows, rerank)) ==
               index.search(queries, scanning(rerank)) &&
           index.search(few, probing(kRows, rerank)) == index.search(few, scanning(rerank));
}

}  // namespace

TEST(probes_of_all_cells_answer_like_a_scan) {
    const Vector vectors = random_vector(kRows * kDim, 1),
                 queries = random_vector(kQueries * kDim, 2);
    const Codec rerank(VECQ_FP32, kDim);
    for (const int32_t width : {VECQ_INT4, VECQ_INT8, VECQ_INT12, VECQ_INT16})
        for (const int32_t metric : kMetrics) {
            const Codec codec(width, kDim);
            Index index(options_of(metric), codec, &rerank);
            CHECK(index.add(vectors) && partition(index.own) == VECQ_OK, index.error.message);
            CHECK(index.stats().cells == kCells && index.stats().cell_bytes > 4 * kRows);
            CHECK(answers_like_a_scan(index, queries), width, metric);
            CHECK(answers_like_a_scan(index, queries, 40), width, metric);
            CHECK(problems_of(index.own) == 0);
        }
}

TEST(probes_count_removed_replaced_and_added_items) {
    const Codec codec(VECQ_INT8, kDim);
    const Vector vectors = random_vector(kRows * kDim, 1),
                 queries = random_vector(kQueries * kDim, 2);
    const Folder folder;
    const std::string path = folder / "a.vecq";
    Ids some(200);
    std::iota(some.begin(), some.end(), 50);
    for (const int32_t metric : kMetrics) {
        Index index(options_of(metric), codec);
        CHECK(index.add(vectors) && partition(index.own) == VECQ_OK, index.error.message);
        CHECK(index.remove(some) == VECQ_OK && answers_like_a_scan(index, queries), metric);
        CHECK(index.add(random_vector(120 * kDim, 3)), index.error.message);
        CHECK(answers_like_a_scan(index, queries), metric);
        CHECK(index.add(random_vector(300 * kDim, 4)), index.error.message);
        CHECK(answers_like_a_scan(index, queries), metric);
        // An item is found by its own vector, however few cells are scanned.
        const Vector added = random_vector(40 * kDim, 5);
        Ids ids(40);
        std::iota(ids.begin(), ids.end(), 500);
        CHECK(index.update(added, ids), index.error.message);
        CHECK(answers_like_a_scan(index, queries), metric);
        if (metric != VECQ_IP) {
            const Found own = index.search(added, probing(1));
            for (size_t i = 0; i < 40; ++i) CHECK(own.ids[i * kBest] == ids[i], metric, i);
        }
        CHECK(problems_of(index.own) == 0 && save(index.own, path) == VECQ_OK);
        const Opened opened(path);
        CHECK(opened.status == VECQ_OK && answers_like_a_scan(opened, queries), metric);
        CHECK(opened.search(queries, probing(3)) == index.search(queries, probing(3)), metric);
        CHECK(partition(index.own, 5) == VECQ_OK && index.stats().cells == 5);
        CHECK(answers_like_a_scan(index, queries), metric);
    }
}

TEST(cells_are_refused_or_dropped) {
    const Codec codec(VECQ_INT8, kDim), rerank(VECQ_FP32, kDim);
    const Vector vectors = random_vector(kRows * kDim, 1), query = random_vector(kDim, 2);
    Index index(options_of(VECQ_L2), codec, &rerank);
    vecq_error error{};
    CHECK(partition(index.own, 4, &error) == VECQ_INVALID_ARGUMENT);
    CHECK(index.add(vectors) && index.search(query, probing(1)).status == VECQ_INVALID_ARGUMENT);
    CHECK(partition(index.own, kRows + 1, &error) == VECQ_INVALID_ARGUMENT);
    CHECK(std::string(error.message).find("at most the 900 items") != std::string::npos);
    CHECK(partition(index.own, kRows, &error) == VECQ_OK && index.stats().cells == kRows);
    CHECK(index.search(query, probing(kRows)) == index.search(query, scanning()));
    CHECK(partition(index.own, 0) == VECQ_OK && index.stats().cells == 60);
    for (const MakeTask make : {vecq_task_compact, vecq_task_refit}) {
        CHECK(partition(index.own) == VECQ_OK);
        CHECK(files::rebuild(index.own, make) == VECQ_OK && index.stats().cells == 0);
        CHECK(index.search(query, probing(1)).status == VECQ_INVALID_ARGUMENT);
    }
    CHECK(partition(index.own) == VECQ_OK);
    Ids all(kRows);
    std::iota(all.begin(), all.end(), 0);
    CHECK(index.remove(all) == VECQ_OK && index.stats().cells == 0);
    CHECK(index.add(vectors), index.error.message);
    CHECK(index.search(query, probing(1)).status == VECQ_INVALID_ARGUMENT);
}

// A task that is closed early leaves the cells as they were, and lets changes continue.
TEST(partitioning_may_stop_at_every_step) {
    const Codec codec(VECQ_INT8, kDim);
    const Vector vectors = random_vector(kRows * kDim, 1),
                 queries = random_vector(kQueries * kDim, 2);
    for (size_t steps = 0; steps < 6; ++steps) {
        Index index(options_of(VECQ_COSINE), codec);
        CHECK(index.add(vectors) && partition(index.own) == VECQ_OK);
        const Found before = index.search(queries, probing(2));
        vecq_task* task = nullptr;
        CHECK(vecq_task_partition(index.own, 40, &task, nullptr) == VECQ_OK);
        size_t done = 0, total = 1;
        for (size_t i = 0; i < steps && done < total; ++i)
            CHECK(vecq_task_step(task, &done, &total, nullptr) == VECQ_OK);
        CHECK(done == total || !index.add(vectors), steps);
        vecq_task_close(task);
        CHECK(index.stats().cells == (done == total ? 40 : kCells), steps);
        if (done < total) CHECK(index.search(queries, probing(2)) == before, steps);
        CHECK(index.add(random_vector(9 * kDim, 3)), steps);
    }
}
