// Compaction and refitting: contents, answers and invariants stay, and conflicts are refused.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "check.hpp"
#include "files.hpp"
#include "filters.hpp"
#include "vecq.h"

using namespace files;
using samples::random_vector;

namespace {

constexpr size_t kDim = 16, kRows = 600;

vecq_status rebuild(Index& index, MakeTask make) {
    return files::rebuild(index.own, make, &index.error);
}

Ids numbers(int64_t first, size_t count, int64_t step = 1) {
    Ids ids(count);
    for (size_t i = 0; i < count; ++i) ids[i] = first + static_cast<int64_t>(i) * step;
    return ids;
}

Vector scaled(Vector vectors, float factor) {
    for (float& value : vectors) value *= factor;
    return vectors;
}

double clipped(const Index& index) {
    vecq_clipped found{sizeof found, -1, -1};
    vecq_index_get_clipped(index.own, &found, nullptr);
    return found.recent;
}

}  // namespace

TEST(compaction_keeps_items_answers_and_filters) {
    const Codec codec(VECQ_INT8, kDim), rerank(VECQ_FP32, kDim);
    const Vector vectors = random_vector(kRows * kDim, 1), queries = random_vector(9 * kDim, 2);
    for (const int32_t metric : kMetrics)
        for (const bool has_ids : {false, true}) {
            Index index(options_of(metric), codec, &rerank);
            CHECK(index.add(vectors, has_ids ? numbers(7000, kRows, -3) : Ids{}));
            const Ids all = has_ids ? numbers(7000, kRows, -3) : numbers(0, kRows);
            Ids removed, kept;
            for (size_t i = 0; i < kRows; ++i) (i % 5 == 0 ? kept : removed).push_back(all[i]);
            const Ids allowed(kept.begin(), kept.begin() + 30);
            const vecq_choice choice{sizeof choice, allowed.data(), nullptr, nullptr,
                                     allowed.size()};
            vecq_filter* filter = nullptr;
            CHECK(vecq_filter_open(index.own, &choice, nullptr, &filter, nullptr) == VECQ_OK);
            CHECK(index.remove(removed) == VECQ_OK && index.stats().free_slots == removed.size());
            vecq_search_options options = search_of(200), few = search_of(40);
            few.filter = filter;
            const Found before = index.search(queries, options),
                        passed = index.search(queries, few);
            CHECK(passed.counts == Ids(9, 30), metric);
            CHECK(rebuild(index, vecq_task_compact) == VECQ_OK, index.error.message);
            std::string problem;
            CHECK(problems_of(index.own, &problem) == 0, metric, has_ids, problem);
            CHECK(index.stats().free_slots == 0 && index.size() == kept.size(), metric);
            CHECK(index.search(queries, options) == before, metric, has_ids);
            CHECK(index.search(queries, few) == passed, metric, has_ids);
            CHECK(index.add(vectors) && index.remove(allowed) == VECQ_OK, index.error.message);
            CHECK(index.search(queries, few).counts == Ids(9, 0), metric);
            CHECK(problems_of(index.own) == 0 && !index.holds(removed[0]), metric);
            vecq_filter_close(filter);
        }
}

TEST(compaction_of_empty_and_full_indexes) {
    const Codec codec(VECQ_INT8, kDim);
    for (const int32_t metric : kMetrics) {
        Index index(options_of(metric), codec);
        CHECK(rebuild(index, vecq_task_compact) == VECQ_OK && index.size() == 0);
        CHECK(index.add(random_vector(kRows * kDim, 1)));
        CHECK(rebuild(index, vecq_task_compact) == VECQ_OK && index.size() == kRows);
        CHECK(index.remove(numbers(0, kRows - 1)) == VECQ_OK);
        CHECK(rebuild(index, vecq_task_compact) == VECQ_OK && index.size() == 1);
        CHECK(index.stats().free_slots == 0 && problems_of(index.own) == 0, metric);
        CHECK(index.remove({kRows - 1}) == VECQ_OK && index.add(random_vector(kDim, 2)));
        CHECK(index.holds(kRows) && problems_of(index.own) == 0, metric);
    }
}

// Lists of rows added after a compaction start empty, not with links to row 0.
TEST(compaction_leaves_empty_lists_for_later_rows) {
    constexpr size_t rows = 2000;
    const Folder folder;
    const std::string path = folder / "a.vecq";
    const Codec codec(VECQ_INT8, kDim);
    for (const int32_t metric : kMetrics) {
        Index index(options_of(metric), codec);
        CHECK(index.add(random_vector(rows * kDim, 1)));
        CHECK(index.remove(numbers(0, rows - 20)) == VECQ_OK);
        CHECK(rebuild(index, vecq_task_compact) == VECQ_OK, index.error.message);
        Vector again = random_vector(rows * kDim, 2);
        std::copy_n(again.begin(), rows * kDim / 2, again.begin() + rows * kDim / 2);
        CHECK(index.add(again), metric, index.error.message);
        std::string problem;
        CHECK(problems_of(index.own, &problem) == 0, metric, problem);
        CHECK(save(index.own, path) == VECQ_OK && problems_of(Opened(path).own) == 0, metric);
        std::vector<uint32_t> links(index.size() * 16);
        CHECK(vecq_index_export_links(index.own, 0, 0, index.size(), links.data(), 16, nullptr) ==
              VECQ_OK);
        const auto to_first = std::count(links.begin(), links.end(), 0U);
        CHECK(to_first < 100, metric, to_first);
    }
}

TEST(refit_adapts_to_the_items) {
    const Codec rerank(VECQ_FP32, kDim);
    const Vector vectors = random_vector(kRows * kDim, 1), larger = scaled(vectors, 2);
    for (const int32_t metric : {VECQ_L2, VECQ_COSINE}) {
        const Codec codec(VECQ_INT8, kDim, VECQ_SCALE_GLOBAL, metric == VECQ_L2);
        Index index(options_of(metric), codec, &rerank), fresh(options_of(metric), codec, &rerank);
        CHECK(index.fit(vectors) == VECQ_OK && index.add(vectors) && clipped(index) < 0.001);
        CHECK(index.update(larger, numbers(0, kRows)) && clipped(index) > 0.01, clipped(index));
        CHECK(rebuild(index, vecq_task_refit) == VECQ_OK, index.error.message);
        CHECK(clipped(index) < 0.001 && problems_of(index.own) == 0, clipped(index));
        CHECK(fresh.fit(larger) == VECQ_OK && fresh.add(larger));
        const Found own = index.search(larger, search_of(1)),
                    other = fresh.search(larger, search_of(1));
        CHECK(own.ids == other.ids && own.ids == numbers(0, kRows), metric);
        double worst = 0;
        for (size_t i = 0; i < kRows; ++i)
            worst = std::max(worst, double{std::fabs(own.scores[i] - other.scores[i])});
        CHECK(worst < 0.2, metric, worst);
    }
}

// A global scale follows the longest row: next to a very long row the codes of others are zero, and
// they leave the graph until that row is removed.
TEST(refit_moves_near_zero_rows_out_of_the_graph_and_back) {
    const Folder folder;
    const std::string path = folder / "a.vecq";
    for (const auto& [link, centered] :
         {std::pair{VECQ_LINK_AUTO, false}, {VECQ_LINK_AUTO, true}, {VECQ_LINK_COSINE, false}})
        for (const bool fitted_large : {false, true}) {
            const Codec codec(VECQ_INT8, kDim, VECQ_SCALE_GLOBAL, centered),
                rerank(VECQ_FP32, kDim);
            Index index(options_of(VECQ_IP, link), codec, &rerank);
            Vector small = random_vector(300 * kDim, 1);
            const Vector large = scaled(random_vector(20 * kDim, 2), 1e4F),
                         middle = scaled(random_vector(50 * kDim, 3), 1e2F);
            small.insert(small.end(), middle.begin(), middle.end());
            CHECK(index.fit(fitted_large ? large : small) == VECQ_OK);
            CHECK(index.add(small) && index.add(large), index.error.message);
            const bool is_kept_out = fitted_large && !centered;
            CHECK((index.stats().kept_out >= 300) == is_kept_out, centered, index.stats().kept_out);
            const auto is_right = [&, centered = centered](const char* when, size_t least,
                                                           size_t most) {
                std::string problem;
                CHECK(problems_of(index.own, &problem) == 0, when, centered, fitted_large, problem);
                CHECK(save(index.own, path) == VECQ_OK && problems_of(Opened(path).own) == 0, when);
                const vecq_index_stats stats = index.stats();
                CHECK(stats.unreachable == 0 && stats.rows == index.size(), when);
                CHECK(stats.kept_out >= least && stats.kept_out <= most, when, stats.kept_out,
                      centered);
                // Compares walks with scans: for queries of either sign zero is among the best and
                // among the worst scores.
                for (const size_t k : {size_t{1}, size_t{20}, index.size()}) {
                    const Vector queries = random_vector(20 * kDim, 4);
                    const Found walked = index.search(queries, search_of(k));
                    const Found scanned =
                        index.search(queries, search_of(k, 500, 15, 0, VECQ_PLAN_SCAN));
                    CHECK(walked.scores == scanned.scores && walked.counts == scanned.counts, when,
                          k, centered, fitted_large);
                    for (size_t q = 0; q < 20; ++q) {
                        Ids ids(walked.ids.begin() + static_cast<ptrdiff_t>(q * k),
                                walked.ids.begin() + static_cast<ptrdiff_t>((q + 1) * k));
                        std::sort(ids.begin(), ids.end());
                        CHECK(std::adjacent_find(ids.begin(), ids.end()) == ids.end(), when, k);
                    }
                }
            };
            CHECK(rebuild(index, vecq_task_refit) == VECQ_OK, index.error.message);
            is_right("beside large rows", centered ? 0 : 250, centered ? 0 : 349);
            CHECK(index.remove(numbers(350, 20)) == VECQ_OK, index.error.message);
            is_right("after large rows", centered ? 0 : 250, centered ? 0 : 349);
            CHECK(rebuild(index, vecq_task_refit) == VECQ_OK, index.error.message);
            is_right("without large rows", 0, 0);
            CHECK(index.add(large, numbers(1000, 20)) && index.remove(numbers(0, 350)) == VECQ_OK);
            CHECK(rebuild(index, vecq_task_refit) == VECQ_OK, index.error.message);
            is_right("of large rows", 0, 0);
        }
}

// If all rows are near zero, the graph is empty and the norm unit is unknown.
TEST(refit_of_rows_that_were_all_zero) {
    const Codec codec(VECQ_INT8, kDim, VECQ_SCALE_GLOBAL), rerank(VECQ_FP32, kDim);
    Index index(options_of(VECQ_IP), codec, &rerank);
    const Vector vectors = random_vector(kRows * kDim, 1), queries = random_vector(9 * kDim, 2);
    CHECK(index.fit(scaled(vectors, 1e4F)) == VECQ_OK && index.add(vectors), index.error.message);
    CHECK(index.stats().kept_out == kRows && problems_of(index.own) == 0, index.stats().kept_out);
    CHECK(rebuild(index, vecq_task_refit) == VECQ_OK, index.error.message);
    std::string problem;
    CHECK(index.stats().kept_out == 0 && problems_of(index.own, &problem) == 0, problem);
    const Found walked = index.search(queries, search_of(10, kRows));
    CHECK(walked.scores == index.search(queries, search_of(10, 1, 15, 0, VECQ_PLAN_SCAN)).scores);
    const Found few = index.search(queries, search_of(10, 100));
    size_t same = 0;
    for (size_t i = 0; i < few.ids.size(); ++i) same += few.scores[i] == walked.scores[i];
    CHECK(same > few.ids.size() * 9 / 10, same);
}

TEST(cleanup_handlers_end_tasks_and_additions_once) {
    vecq_index_end_addition(nullptr);
    vecq_task_end(nullptr);
    vecq_task* task = nullptr;
    vecq_task_end(&task);
    const Codec codec(VECQ_INT8, kDim);
    const Vector vectors = random_vector(kRows * kDim, 1);
    Index index(options_of(VECQ_L2), codec);
    CHECK(index.stage(vectors) == VECQ_OK);
    vecq_index_end_addition(index.own);
    CHECK(index.size() == 0 && index.add(vectors));
    CHECK(vecq_task_compact(index.own, &task, nullptr) == VECQ_OK);
    CHECK(index.stage(vectors) == VECQ_INVALID_ARGUMENT);
    vecq_task_end(&task);
    CHECK(task == nullptr);
    vecq_task_end(&task);
    CHECK(index.stage(vectors) == VECQ_OK && index.link(100) == VECQ_OK);
    vecq_index_end_addition(index.own);
    vecq_index_end_addition(index.own);
    const size_t size = index.size();
    CHECK(size > kRows && size < 2 * kRows && problems_of(index.own) == 0);
    CHECK(rebuild(index, vecq_task_compact) == VECQ_OK && index.add(vectors));
}

TEST(rebuilds_exclude_other_changes_and_saves) {
    const Folder folder;
    const Codec codec(VECQ_INT8, kDim), rerank(VECQ_FP16, kDim);
    const Vector vectors = random_vector(kRows * kDim, 1);
    Index narrow(options_of(VECQ_L2), codec), index(options_of(VECQ_L2), codec, &rerank);
    CHECK(narrow.add(vectors) && index.add(vectors));
    CHECK(rebuild(narrow, vecq_task_refit) == VECQ_INVALID_ARGUMENT);
    CHECK(std::string(narrow.error.message).find("rerank") != std::string::npos);
    for (const MakeTask make : {vecq_task_refit, vecq_task_compact}) {
        vecq_task *task = nullptr, *other = nullptr;
        CHECK(make(index.own, &task, nullptr) == VECQ_OK);
        CHECK(index.stage(vectors) == VECQ_INVALID_ARGUMENT && index.remove({1}) != VECQ_OK);
        CHECK(save(index.own, folder / "a.vecq") == VECQ_INVALID_ARGUMENT);
        CHECK(make(index.own, &other, nullptr) == VECQ_INVALID_ARGUMENT && other == nullptr);
        CHECK(index.search(vectors, search_of(1)).status == VECQ_OK);
        vecq_task_close(task);  // cancelled
        CHECK(vecq_task_save(index.own, (folder / "b.vecq").c_str(), 0, &task, nullptr) == VECQ_OK);
        CHECK(make(index.own, &other, nullptr) == VECQ_INVALID_ARGUMENT);
        vecq_task_close(task);
        CHECK(index.stage(vectors) == VECQ_OK && make(index.own, &other, nullptr) != VECQ_OK);
        CHECK(index.settle() == VECQ_OK && rebuild(index, make) == VECQ_OK &&
              index.size() == kRows);
    }
    CHECK(save(index.own, folder / "a.vecq") == VECQ_OK);
    const Opened opened(folder / "a.vecq"), writable(folder / "a.vecq", true);
    vecq_task* task = nullptr;
    CHECK(vecq_task_compact(opened.own, &task, nullptr) == VECQ_READ_ONLY);
    CHECK(vecq_task_refit(writable.own, &task, nullptr) == VECQ_OK && run(task) == VECQ_OK);
    vecq_task_close(task);
    CHECK(problems_of(writable.own) == 0);
}

TEST(refit_of_opened_and_of_emptied_indexes) {
    const Folder folder;
    const Codec codec(VECQ_INT8, kDim, VECQ_SCALE_GLOBAL), rerank(VECQ_FP32, kDim);
    const Vector vectors = random_vector(kRows * kDim, 1), larger = scaled(vectors, 2);
    Index index(options_of(VECQ_L2), codec, &rerank);
    CHECK(index.fit(vectors) == VECQ_OK && index.add(vectors), index.error.message);
    CHECK(index.update(larger, numbers(0, kRows)) && save(index.own, folder / "a.vecq") == VECQ_OK);
    Opened opened(folder / "a.vecq", true);
    CHECK(rebuild(index, vecq_task_refit) == VECQ_OK && clipped(index) < 0.001);
    CHECK(files::rebuild(opened.own, vecq_task_refit) == VECQ_OK, opened.error.message);
    const vecq_search_options best = search_of(1);
    CHECK(opened.search(larger, best) == index.search(larger, best));
    for (const MakeTask make : {vecq_task_refit, vecq_task_compact}) {
        vecq_task* task = nullptr;  // while a save runs, an emptied index is not reset
        CHECK(vecq_task_save(index.own, (folder / "b.vecq").c_str(), 0, &task, nullptr) == VECQ_OK);
        CHECK(index.remove(numbers(0, kRows)) == VECQ_OK, index.error.message);
        vecq_task_close(task);
        CHECK(rebuild(index, make) == VECQ_OK && index.stats().free_slots == 0,
              index.error.message);
        CHECK(index.fit(vectors) == VECQ_OK && index.add(vectors, numbers(0, kRows)));
        CHECK(clipped(index) < 0.001 && problems_of(index.own) == 0, clipped(index));
    }
}
