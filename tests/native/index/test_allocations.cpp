// Every allocation of a call may fail: the call reports it, and the index stays valid.
#include <algorithm>
#include <string>

#include "check.hpp"
#include "failing.hpp"
#include "files.hpp"
#include "filters.hpp"
#include "vecq.h"

namespace {

using namespace files;
using namespace failing;
using samples::random_vector;

constexpr size_t kDim = 8, kRows = 150;

struct Sample {
    Folder folder;
    std::string path = folder / "a.vecq", copy = folder / "b.vecq";
    Codec codec{VECQ_INT8, kDim}, rerank{VECQ_FP16, kDim};
    Vector vectors = random_vector(kRows * kDim, 1), queries = random_vector(4 * kDim, 2);
    Index index;
    explicit Sample(int32_t metric) : index(options_of(metric), codec, &rerank) {
        CHECK(index.add(vectors) && save(index.own, path) == VECQ_OK, index.error.message);
    }
    // Returns the answers of an index, over output arrays with known contents.
    Found answers(const vecq_index* index) const {
        Found found{VECQ_OK, Ids(4 * 5, -7), Vector(4 * 5), Ids(4)};
        const vecq_search_options options = search_of(5, 20, 15, 10);
        found.status =
            vecq_index_search(index, &options, queries.data(), 4, found.ids.data(),
                              found.scores.data(), found.counts.data(), nullptr, nullptr);
        return found;
    }
};

}  // namespace

TEST(allocations_may_fail_while_a_file_is_opened_and_searched) {
    for (const int32_t metric : kMetrics) {
        const Sample s(metric);
        const Found expected = s.answers(s.index.own);
        vecq_index* opened = nullptr;
        const size_t opening = fail_each_allocation(
            [&] { return vecq_index_open_file(s.path.c_str(), 0, &opened, nullptr); },
            [](size_t) {});
        Found found = expected;
        const vecq_search_options options = search_of(5, 20, 15, 10);
        const size_t searching = fail_each_allocation(
            [&] {
                return vecq_index_search(opened, &options, s.queries.data(), 4, found.ids.data(),
                                         found.scores.data(), found.counts.data(), nullptr,
                                         nullptr);
            },
            [&](size_t number) { CHECK(s.answers(opened) == expected, number); });
        CHECK(opening > 5 && searching > 0, opening, searching);
        CHECK(found == expected);
        vecq_index_close(opened);
    }
}

TEST(allocations_may_fail_while_an_index_is_saved_and_checked) {
    for (const int32_t metric : kMetrics) {
        Sample s(metric);
        const Bytes before(s.path);
        const size_t saving = fail_each_allocation([&] { return save(s.index.own, s.copy); },
                                                   [&](size_t) { CHECK(s.folder.count() <= 2); });
        CHECK(saving > 3 && Bytes(s.copy) == before, saving);
        const Opened opened(s.path);
        fail_each_allocation(
            [&] {
                vecq_task* task = nullptr;
                vecq_status status = vecq_task_check(opened.own, 1, &task, nullptr);
                if (status == VECQ_OK) status = run(task);
                vecq_task_close(task);
                return status;
            },
            [](size_t) {});
        CHECK(problems_of(opened.own) == 0 && s.index.add(s.vectors), s.index.error.message);
    }
}

TEST(allocations_may_fail_while_items_are_removed_or_updated) {
    const Ids removed_ids = {0, 3, 5, 149, 77, 80}, changed = {1, 2, 150, 151};
    Vector more = random_vector(4 * kDim, 3);
    std::fill_n(more.data(), kDim, 0.0F);  // kept out of the graph under ip
    for (const int32_t metric : kMetrics) {
        const Sample s(metric);
        for (size_t number = 1;; ++number) {
            Index index(options_of(metric), s.codec, &s.rerank);
            CHECK(index.add(s.vectors) && index.remove({9, 10, 11}) == VECQ_OK, number);
            const vecq_choice allow = ids_of(removed_ids);
            const Filter filter(index, &allow, nullptr);
            allocations_until_failure = number;
            bool is_ok = index.remove(removed_ids) == VECQ_OK;
            const bool removed = is_ok;
            is_ok = is_ok && index.update(more, changed);
            const bool failed = allocations_until_failure == 0;
            allocations_until_failure = 0;
            CHECK(index.settle() == VECQ_OK && (is_ok || failed), number, index.error.message);
            std::string problem;
            CHECK(problems_of(index.own, &problem) == 0, metric, number, problem);
            CHECK(s.answers(index.own).counts == Ids(4, 5), metric, number);
            if (removed)
                for (const int64_t id : removed_ids) CHECK(!index.holds(id), number, id);
            const size_t least = kRows - 3 - removed_ids.size();
            CHECK(index.size() >= least && index.size() <= kRows - 3 + 2, number, index.size());
            if (!failed) {
                CHECK(index.size() == least + 2 && number > 20, number);
                break;
            }
            CHECK(index.update(more, changed) && index.holds(151), number, index.error.message);
            CHECK(index.remove({1, 2, 150, 151}) == VECQ_OK && problems_of(index.own) == 0, number);
        }
    }
}

TEST(allocations_may_fail_while_an_index_grows) {
    for (const int32_t metric : kMetrics)
        for (const bool from_file : {false, true}) {
            const Sample s(metric);
            const Vector more = random_vector(70 * kDim, 3);
            const size_t allocations = [&] {
                for (size_t number = 1;; ++number) {
                    Opened file(s.path, true);
                    Index made(options_of(metric), s.codec, &s.rerank);
                    if (!from_file) CHECK(made.add(s.vectors));
                    vecq_index* own = from_file ? file.own : made.own;
                    size_t done = 0, total = 1;
                    allocations_until_failure = number;
                    vecq_status status =
                        vecq_index_stage(own, more.data(), 70, nullptr, 0, 1, nullptr);
                    while (status == VECQ_OK && done < total)
                        status = vecq_index_link(own, 7, 1, &done, &total, nullptr);
                    const bool failed = allocations_until_failure == 0;
                    allocations_until_failure = 0;
                    // std::stable_sort works without a buffer if it gets none.
                    CHECK(status == VECQ_OK || (failed && status == VECQ_OUT_OF_MEMORY), status);
                    CHECK(vecq_index_settle(own, nullptr) == VECQ_OK, number);
                    std::string problem;
                    CHECK(problems_of(own, &problem) == 0, metric, number, problem);
                    CHECK(s.answers(own).counts == Ids(4, 5), metric, number);
                    if (!failed) return number - 1;
                    CHECK(vecq_index_stage(own, more.data(), 1, nullptr, 0, 1, nullptr) == VECQ_OK);
                    CHECK(vecq_index_link(own, 7, 1, &done, &total, nullptr) == VECQ_OK, number);
                    CHECK(vecq_index_settle(own, nullptr) == VECQ_OK, number);
                }
            }();
            CHECK(allocations > 20, allocations);
        }
}

TEST(allocations_may_fail_while_rows_are_rebuilt) {
    for (const int32_t metric : kMetrics) {
        const Codec codec(VECQ_INT8, kDim), rerank(VECQ_FP32, kDim);
        const Vector vectors = random_vector(kRows * kDim, 1), queries = random_vector(kDim, 2);
        Index index(options_of(metric), codec, &rerank);
        CHECK(index.add(vectors));
        const Ids none, kept = {7, 60, 149};
        const vecq_choice choice = ids_of(kept), deny_none = ids_of(none);
        const Filter few(index, &choice, nullptr), all(index, nullptr, &deny_none);
        const auto holds = [&](const Filter& filter, int64_t count) {
            vecq_search_options options = search_of(3 * kRows);
            options.filter = filter.own;
            return index.search(queries, options).counts[0] == count;
        };
        int64_t items = kRows;
        for (const MakeTask make : {vecq_task_refit, vecq_task_compact}) {
            Ids removed_ids;
            for (int64_t id = make == vecq_task_refit ? 0 : 70; removed_ids.size() < 40; ++id)
                if (id % 10 != 7 && index.holds(id) && id != 60) removed_ids.push_back(id);
            CHECK(index.remove(removed_ids) == VECQ_OK, index.error.message);
            items -= static_cast<int64_t>(removed_ids.size());
            const Found before = index.search(queries, search_of(kRows));
            const size_t count = fail_each_allocation(
                [&] { return files::rebuild(index.own, make); },
                [&](size_t number) {
                    CHECK(index.search(queries, search_of(kRows)) == before, metric, number);
                    CHECK(holds(few, 3) && holds(all, items), metric, number);
                    CHECK(problems_of(index.own) == 0, metric, number);
                },
                Recovery::possible);
            CHECK(count > 5, metric, count);
        }
        CHECK(index.add(vectors) && index.remove({7}) == VECQ_OK, index.error.message);
        CHECK(holds(few, 2) && holds(all, items + kRows - 1) && problems_of(index.own) == 0);
    }
}

// Adds rows right after a compaction that a filter could not replay for lack of memory.
TEST(allocations_may_fail_before_rows_are_added_again) {
    const Codec codec(VECQ_INT8, kDim);
    const Vector vectors = random_vector(kRows * kDim, 1);
    const Ids none;
    const vecq_choice deny_none = ids_of(none);
    for (size_t number = 1;; ++number) {
        Index index(options_of(VECQ_L2), codec);
        CHECK(index.add(vectors));
        const Filter all(index, nullptr, &deny_none);
        Ids removed_ids;
        for (int64_t id = 0; id < 120; ++id) removed_ids.push_back(id);
        CHECK(index.remove(removed_ids) == VECQ_OK);
        allocations_until_failure = number;
        rebuild(index.own, vecq_task_compact);
        const bool failed = allocations_until_failure == 0;
        allocations_until_failure = 0;
        CHECK(index.add(vectors), index.error.message);
        vecq_search_options options = search_of(500);
        options.filter = all.own;
        CHECK(index.search(vectors, options).counts[0] == kRows + 30, number);
        if (!failed) break;
    }
}

TEST(allocations_may_fail_around_a_search) {
    for (const int32_t metric : kMetrics) {
        Sample s(metric);
        const Ids some = {3, 4, 5, 120};
        const vecq_choice choice = ids_of(some);
        vecq_filter* filter = nullptr;
        const size_t filtering = fail_each_allocation(
            [&] { return vecq_filter_open(s.index.own, &choice, nullptr, &filter, nullptr); },
            [](size_t) {});
        CHECK(s.index.remove({3}) == VECQ_OK && s.index.add(random_vector(kDim, 5)));
        vecq_search_options options = search_of(5, 20, 15, 10);
        options.filter = filter;
        Found found{VECQ_OK, Ids(4 * 5), Vector(4 * 5), Ids(4)};
        fail_each_allocation(
            [&] {
                return vecq_index_search(s.index.own, &options, s.queries.data(), 4,
                                         found.ids.data(), found.scores.data(), found.counts.data(),
                                         nullptr, nullptr);
            },
            [](size_t) {});
        CHECK(found.counts == Ids(4, 3), metric);
        vecq_filter_close(filter);
        const vecq_curve_point points[] = {{10, 20, 0.5}, {10, 40, 1}};
        const size_t curving = fail_each_allocation(
            [&] { return vecq_index_set_curve(s.index.own, points, 2, kRows, nullptr); },
            [](size_t) {});
        Opened opened(s.path);
        const Found before = s.answers(opened.own);
        const size_t copying = fail_each_allocation(
            [&] {
                vecq_task* task = nullptr;
                vecq_status status =
                    vecq_task_preload(opened.own, VECQ_PRELOAD_COPY, 0, &task, nullptr);
                if (status == VECQ_OK) status = run(task);
                vecq_task_close(task);
                return status;
            },
            [&](size_t number) { CHECK(s.answers(opened.own) == before, number); });
        CHECK(filtering > 0 && curving > 0 && copying > 3, filtering, curving, copying);
    }
}

// Arrays of 2 MiB and more are allocated as pages and grow in place.
TEST(allocations_of_pages_may_fail) {
    constexpr size_t dim = 512, rows = 4200;
    const Folder folder;
    const std::string path = folder / "a.vecq";
    const Codec codec(VECQ_INT8, dim), rerank(VECQ_FP32, dim);
    const Vector vectors = random_vector(rows * dim, 1), more(vectors.data(), vectors.data() + dim);
    {
        Index index({sizeof(vecq_index_options), VECQ_L2, VECQ_LINK_AUTO, 2, 1, 1, nullptr, 0},
                    codec, &rerank);
        CHECK(index.add(vectors) && index.remove({5}) == VECQ_OK, index.error.message);
        CHECK(save(index.own, path) == VECQ_OK);
    }
    const vecq_search_options options = search_of(3, 10, 15, 5);
    count_only_pages = true;
    vecq_index* own = nullptr;
    const size_t opening = fail_each_allocation(
        [&] { return vecq_index_open_file(path.c_str(), 1, &own, nullptr); }, [](size_t) {});
    vecq_index_close(own);
    Opened opened(path, true);
    size_t capacity = rows + 1;
    const auto grow = [&] {
        const vecq_status status = vecq_index_reserve(opened.own, capacity, &opened.error);
        return status != VECQ_OK || opened.add(more) ? status : VECQ_OUT_OF_MEMORY;
    };
    const auto grow_more = [&] {
        capacity += capacity / 2 + 1;
        return grow();
    };
    const auto is_well = [&](size_t number) {
        CHECK(opened.search(more, options).counts[0] == 3, number);
        CHECK(problems_of(opened.own) == 0 && !opened.holds(5) && opened.holds(6), number);
    };
    const size_t moving = fail_each_allocation(grow, is_well, Recovery::possible);
    const size_t growing = fail_each_allocation(grow_more, is_well, Recovery::possible);
    const size_t fitting = fail_each_allocation(
        [&] { return rebuild(opened.own, vecq_task_refit); }, is_well, Recovery::possible);
    const size_t closing = fail_each_allocation(
        [&] { return rebuild(opened.own, vecq_task_compact); }, is_well, Recovery::possible);
    count_only_pages = false;
    // Every call but opening needs pages. How many depends on whether the kernel can extend a
    // mapping in place.
    CHECK(opening == 1 && moving > 0 && growing > 0 && fitting > 0 && closing > 0, opening, moving,
          growing, fitting, closing);
}
