// Memory may run out at any allocation: the call says so, and the index is as good as before.
#include <cstdlib>
#include <functional>
#include <new>
#include <string>

#include "check.hpp"
#include "files.hpp"
#include "vecq.h"

namespace {

// Allocations until one fails; 0: none does.
thread_local size_t until_failure = 0;

bool fails() { return until_failure > 0 && --until_failure == 0; }

}  // namespace

[[gnu::noinline]] void* operator new(size_t bytes) {
    void* memory = fails() ? nullptr : std::malloc(bytes > 0 ? bytes : 1);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}
[[gnu::noinline]] void* operator new(size_t bytes, const std::nothrow_t&) noexcept {
    return fails() ? nullptr : std::malloc(bytes > 0 ? bytes : 1);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }

// The linker has the library call this one.
extern "C" void* __real_aligned_alloc(size_t alignment, size_t bytes);
extern "C" void* __wrap_aligned_alloc(size_t alignment, size_t bytes) {
    return fails() ? nullptr : __real_aligned_alloc(alignment, bytes);
}

namespace {

using namespace files;
using samples::random_vector;

constexpr size_t kDim = 8, kRows = 150;

// Runs `call` with every one of its allocations failing in turn, `after` each. Returns how many it has.
size_t fail_each(const std::function<vecq_status()>& call,
                 const std::function<void(size_t)>& after) {
    for (size_t number = 1;; ++number) {
        until_failure = number;
        const vecq_status status = call();
        const bool failed = until_failure == 0;
        until_failure = 0;
        CHECK(status == (failed ? VECQ_OUT_OF_MEMORY : VECQ_OK), number, status);
        after(number);
        if (!failed) return number - 1;
    }
}

struct Sample {
    Folder folder;
    std::string path = folder / "a.vecq", copy = folder / "b.vecq";
    Codec codec{VECQ_INT8, kDim}, wide{VECQ_FP16, kDim};
    Vector vectors = random_vector(kRows * kDim, 1), queries = random_vector(4 * kDim, 2);
    Index index;
    explicit Sample(int32_t metric) : index(options_of(metric), codec, &wide) {
        CHECK(index.add(vectors) && save(index.own, path) == VECQ_OK, index.error.message);
    }
    // Answers of an index that its searches left nothing behind in.
    Found answers(const vecq_index* of) const {
        Found found{VECQ_OK, Ids(4 * 5, -7), Vector(4 * 5), Ids(4)};
        const vecq_search_options options = search_of(5, 20, 15, 10);
        found.status =
            vecq_index_search(of, &options, queries.data(), 4, found.ids.data(),
                              found.scores.data(), found.counts.data(), nullptr, nullptr);
        return found;
    }
};

}  // namespace

TEST(allocations_that_fail_while_a_file_is_opened_and_searched) {
    for (const int32_t metric : kMetrics) {
        const Sample s(metric);
        const Found expected = s.answers(s.index.own);
        vecq_index* opened = nullptr;
        const size_t opening =
            fail_each([&] { return vecq_index_open_file(s.path.c_str(), 0, &opened, nullptr); },
                      [](size_t) {});
        Found found = expected;
        const vecq_search_options options = search_of(5, 20, 15, 10);
        const size_t searching = fail_each(
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

TEST(allocations_that_fail_while_an_index_is_saved_and_checked) {
    for (const int32_t metric : kMetrics) {
        Sample s(metric);
        const Bytes before(s.path);
        const size_t saving = fail_each([&] { return save(s.index.own, s.copy); },
                                        [&](size_t) { CHECK(s.folder.count() <= 2); });
        CHECK(saving > 3 && Bytes(s.copy) == before, saving);
        const Opened opened(s.path);
        fail_each(
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

TEST(allocations_that_fail_while_items_go_or_change) {
    const Ids gone = {0, 3, 5, 149, 77, 80}, changed = {1, 2, 150, 151};
    const Vector more = random_vector(4 * kDim, 3);
    for (const int32_t metric : kMetrics) {
        const Sample s(metric);
        for (size_t number = 1;; ++number) {
            Index index(options_of(metric), s.codec, &s.wide);
            CHECK(index.add(s.vectors) && index.remove({9, 10, 11}) == VECQ_OK, number);
            until_failure = number;
            bool well = index.remove(gone) == VECQ_OK;
            const bool removed = well;
            well = well && index.update(more, changed);
            const bool failed = until_failure == 0;
            until_failure = 0;
            CHECK(index.settle() == VECQ_OK && (well || failed), number, index.error.message);
            std::string problem;
            CHECK(problems_of(index.own, &problem) == 0, metric, number, problem);
            CHECK(s.answers(index.own).counts == Ids(4, 5), metric, number);
            if (removed)
                for (const int64_t id : gone) CHECK(!index.holds(id), number, id);
            const size_t least = kRows - 3 - gone.size();
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

TEST(allocations_that_fail_while_an_index_grows) {
    for (const int32_t metric : kMetrics)
        for (const bool from_file : {false, true}) {
            const Sample s(metric);
            const Vector more = random_vector(70 * kDim, 3);
            const size_t allocations = [&] {
                for (size_t number = 1;; ++number) {
                    Opened file(s.path, true);
                    Index made(options_of(metric), s.codec, &s.wide);
                    if (!from_file) CHECK(made.add(s.vectors));
                    vecq_index* own = from_file ? file.own : made.own;
                    size_t done = 0, total = 1;
                    until_failure = number;
                    vecq_status status =
                        vecq_index_stage(own, more.data(), 70, nullptr, 0, 1, nullptr);
                    while (status == VECQ_OK && done < total)
                        status = vecq_index_link(own, 7, 1, &done, &total, nullptr);
                    const bool failed = until_failure == 0;
                    until_failure = 0;
                    // Sorting does without a buffer if it gets none.
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
