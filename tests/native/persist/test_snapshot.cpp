// A file holds the state of the index at the start of the save, whatever changes meanwhile.
#include <algorithm>
#include <string>
#include <vector>

#include "check.hpp"
#include "files.hpp"
#include "graph/graph.hpp"
#include "graph/list_snapshot.hpp"
#include "vecq.h"

using namespace files;
using samples::random_vector;

namespace {

constexpr size_t kDim = 16, kRows = 700;

Ids numbers(int64_t first, size_t count) {
    Ids ids(count);
    for (size_t i = 0; i < count; ++i) ids[i] = first + static_cast<int64_t>(i);
    return ids;
}

// A running save.
class RunningSave {
public:
    RunningSave(Index& index, const std::string& path) {
        status = vecq_task_save(index.own, path.c_str(), 0, &task_, &index.error);
    }
    RunningSave(const RunningSave&) = delete;
    RunningSave& operator=(const RunningSave&) = delete;
    ~RunningSave() { vecq_task_close(task_); }
    vecq_status finish() { return run(task_, nullptr); }
    vecq_saved saved() const {
        auto found = sized<vecq_saved>();
        vecq_task_saved(task_, &found, nullptr);
        return found;
    }
    vecq_status status;

private:
    vecq_task* task_ = nullptr;
};

// Changes nearly all items and reallocates the arrays.
bool change(Index& index, uint64_t seed) {
    const Vector others = random_vector(300 * kDim, seed), more = random_vector(2000 * kDim, seed);
    return index.remove(numbers(0, 200)) == VECQ_OK && index.update(others, numbers(200, 300)) &&
           index.add(more, numbers(5000, 2000)) && index.remove(numbers(500, 150)) == VECQ_OK;
}

}  // namespace

TEST(list_snapshot_preserves_lists) {
    constexpr size_t rows = 3 * vecq::ListSnapshot::kGroup + 5, degree = 4;
    vecq::Graph graph(degree);
    graph.extend(std::vector<uint8_t>(rows));
    const vecq::Layer& layer = graph.layers().front();
    for (uint32_t row = 0; row < rows; ++row) layer.set(row, 0, row / 2);
    vecq::ListSnapshot snapshot(rows - 1, degree);
    graph.set_list_snapshot(&snapshot);
    std::vector<uint32_t> lists(vecq::ListSnapshot::kGroup * degree);
    snapshot.read(layer, 1, lists.data());
    for (uint32_t row = 0; row < rows; row += 3) layer.set(row, 1, 7);
    graph.set_list_snapshot(nullptr);
    layer.set(5, 2, 9);
    CHECK(snapshot.groups() == 4 && snapshot.lists_in(3) == 4);
    for (const size_t group : {0, 2, 3}) {
        snapshot.read(layer, group, lists.data());
        for (size_t i = 0; i < snapshot.lists_in(group); ++i) {
            const auto row = static_cast<uint32_t>(group * vecq::ListSnapshot::kGroup + i);
            CHECK(lists[i * degree] == row / 2 && lists[i * degree + 1] == vecq::kNone, row);
        }
    }
    CHECK(layer.links_of(rows - 1).size() >= 1 && layer.list(5)[2] == 9);
}

TEST(snapshots_hold_the_state_at_their_start) {
    const Folder folder;
    const std::string path = folder / "a.vecq";
    const Vector vectors = random_vector(kRows * kDim, 1), queries = random_vector(9 * kDim, 2);
    const vecq_search_options options = search_of(40, 400, 15, 0, VECQ_PLAN_WALK);
    for (const int32_t metric : kMetrics)
        for (const int32_t width : {VECQ_INT8, VECQ_FP32}) {
            const Codec codec(width, kDim), rerank(VECQ_FP32, kDim);
            Index index(options_of(metric), codec, &rerank);
            CHECK(index.add(vectors) && index.remove(numbers(650, 40)) == VECQ_OK);
            const Found before = index.search(queries, options);
            RunningSave running(index, path);
            CHECK(running.status == VECQ_OK && running.saved().pause_seconds < 5,
                  index.error.message);
            CHECK(RunningSave(index, path).status == VECQ_INVALID_ARGUMENT);
            CHECK(change(index, 3) && problems_of(index.own) == 0, metric, index.error.message);
            CHECK(running.finish() == VECQ_OK);
            Opened opened(path, true);
            std::string problem;
            CHECK(problems_of(opened.own, &problem) == 0 && opened.size() == kRows - 40, problem);
            CHECK(opened.search(queries, options) == before, metric, width);
            CHECK(opened.holds(0) && !opened.holds(650) && !opened.holds(5000), metric);
            CHECK(opened.add(vectors) && problems_of(opened.own) == 0, opened.error.message);
        }
}

// Staged rows are not in the snapshot, and the rows that they will replace are.
TEST(snapshots_taken_during_additions) {
    const Folder folder;
    const std::string path = folder / "a.vecq";
    const Codec codec(VECQ_INT8, kDim);
    const Vector vectors = random_vector(kRows * kDim, 1), more = random_vector(900 * kDim, 2);
    for (const int32_t metric : kMetrics)
        for (const bool updating : {false, true}) {
            Index index(options_of(metric), codec);
            CHECK(index.add(vectors) && index.remove(numbers(0, 100)) == VECQ_OK);
            const Ids ids = numbers(updating ? 300 : 2000, 900);
            const auto stage = updating ? vecq_index_stage_updates : vecq_index_stage;
            CHECK(stage(index.own, more.data(), 900, ids.data(), 0, 1, &index.error) == VECQ_OK);
            for (const size_t steps : {0, 1, 2}) {
                for (size_t i = 0; i < steps; ++i) CHECK(index.link(100) == VECQ_OK);
                const size_t size = index.size();
                RunningSave running(index, path);
                CHECK(running.status == VECQ_OK && index.link(100) == VECQ_OK, steps);
                CHECK(running.finish() == VECQ_OK);
                Opened opened(path, true);
                std::string problem;
                CHECK(opened.size() == size, metric, updating, steps);
                CHECK(opened.add(vectors), opened.error.message);
                CHECK(problems_of(opened.own, &problem) == 0, metric, updating, steps, problem);
            }
            CHECK(index.link_all() && index.settle() == VECQ_OK && problems_of(index.own) == 0);
        }
}

TEST(snapshots_of_items_removed_meanwhile) {
    const Folder folder;
    const std::string path = folder / "a.vecq";
    const Codec codec(VECQ_INT8, kDim, VECQ_SCALE_GLOBAL);
    const Vector vectors = random_vector(kRows * kDim, 1);
    for (const int32_t metric : kMetrics) {
        Index index(options_of(metric), codec);
        CHECK(index.fit(vectors) == VECQ_OK && index.add(vectors), index.error.message);
        {
            RunningSave running(index, path);
            CHECK(index.remove(numbers(0, kRows)) == VECQ_OK && index.size() == 0);
            CHECK(running.finish() == VECQ_OK && Opened(path).size() == kRows);
        }
        RunningSave running(index, folder / "b.vecq");
        CHECK(running.status == VECQ_OK && index.add(vectors), index.error.message);
        CHECK(running.finish() == VECQ_OK && Opened(folder / "b.vecq").size() == 0, metric);
        CHECK(problems_of(index.own) == 0 && index.size() == kRows, metric);
    }
}
