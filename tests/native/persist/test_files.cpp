// An index is the same after it was saved and opened, bit for bit, and goes on as if nothing had
// been.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "check.hpp"
#include "files.hpp"
#include "vecq.h"

using namespace files;
using samples::random_vector;

namespace {

constexpr size_t kDim = 24, kRows = 600;

// Two codecs, fitted where they have to be.
struct Codecs {
    Codecs(int32_t width, int32_t center, int32_t scale, const Vector& vectors)
        : narrow(width, kDim, scale, center), wide(VECQ_FP16, kDim) {
        vecq_codec_fit(narrow.own, vectors.data(), vectors.size() / kDim, nullptr);
    }
    Codec narrow, wide;
};

// Some rows are zero, which inner products keep aside.
Vector vectors_of(size_t rows, uint64_t seed) {
    Vector vectors = random_vector(rows * kDim, seed);
    for (size_t r = 10; r < rows; r += 97) std::fill_n(&vectors[r * kDim], kDim, 0.0F);
    return vectors;
}

bool same_answers(const Index& index, const Opened& opened) {
    const Vector queries = random_vector(20 * kDim, 3);
    bool same = opened.size() == index.size();
    for (const int32_t bits : {8, 15})
        for (const size_t rerank : {size_t{0}, size_t{30}}) {
            const vecq_search_options options = search_of(10, 40, bits, rerank);
            same = same && opened.search(queries, options) == index.search(queries, options);
        }
    return same;
}

}  // namespace

TEST(files_hold_indexes_as_they_are) {
    const Folder folder;
    const std::string path = folder / "a.vecq", other = folder / "b.vecq";
    const Vector vectors = vectors_of(kRows, 1), more = vectors_of(kRows / 2, 2);
    for (const int32_t metric : kMetrics)
        for (const int32_t width : {VECQ_FP32, VECQ_INT16, VECQ_INT8})
            for (const int32_t way : {0, 1, 2}) {
                const bool shared = way == 2 && width != VECQ_FP32;
                const Codecs codecs(width, way == 1, shared ? VECQ_SCALE_GLOBAL : VECQ_SCALE_VECTOR,
                                    vectors);
                Index index(options_of(metric), codecs.narrow, way == 0 ? nullptr : &codecs.wide);
                CHECK(index.add(vectors), index.error.message);
                CHECK(save(index.own, path, &index.error) == VECQ_OK, index.error.message);
                {
                    const Opened opened(path);
                    CHECK(opened.status == VECQ_OK, opened.error.message);
                    CHECK(same_answers(index, opened), metric, width, way);
                    std::string problem;
                    CHECK(problems_of(opened.own, &problem) == 0, problem);
                }
                Opened opened(path, true);
                CHECK(index.add(more) && opened.add(more), opened.error.message);
                CHECK(same_answers(index, opened), metric, width, way);
                CHECK(save(opened.own, path) == VECQ_OK && save(index.own, other) == VECQ_OK);
                CHECK(Bytes(path) == Bytes(other), metric, width, way);
                CHECK(same_answers(index, Opened(path)), metric, width, way);
            }
    CHECK(folder.count() == 2, folder.count());
}

TEST(files_may_hold_nothing) {
    const Folder folder;
    const std::string path = folder / "a.vecq";
    const Vector vectors = vectors_of(kRows, 1);
    for (const int32_t metric : kMetrics) {
        const Codec centered(VECQ_INT8, kDim, VECQ_SCALE_VECTOR, 1);  // not fitted either
        Index index(options_of(metric), centered);
        CHECK(save(index.own, path, &index.error) == VECQ_OK, index.error.message);
        Opened opened(path, true);
        CHECK(opened.status == VECQ_OK && opened.size() == 0, opened.error.message);
        CHECK(problems_of(opened.own) == 0);
        CHECK(!opened.add(vectors) && opened.size() == 0);
        CHECK(vecq_index_fit(opened.own, vectors.data(), kRows, nullptr) == VECQ_OK);
        CHECK(index.fit(vectors) == VECQ_OK && index.add(vectors) && opened.add(vectors));
        CHECK(same_answers(index, opened), metric);
    }
}

// What a calibration was measured on is told by later settings than the first.
TEST(files_without_it_do_without_the_calibration) {
    const Folder folder;
    const std::string path = folder / "a.vecq";
    const Codec codec(VECQ_INT8, kDim);
    Index index(options_of(VECQ_L2), codec);
    const vecq_curve_point points[] = {{10, 20, 0.5}, {10, 40, 0.9}};
    CHECK(vecq_index_set_curve(index.own, points, 2, 0, &index.error) == VECQ_INVALID_ARGUMENT);
    CHECK(vecq_index_set_curve(index.own, points, 2, kRows, &index.error) == VECQ_OK);
    CHECK(index.add(vectors_of(kRows, 1)) && save(index.own, path) == VECQ_OK);
    const auto calibrated = [&] {
        const Opened opened(path);
        size_t count = 0;
        uint64_t rows = 0;
        CHECK(vecq_index_curve(opened.own, nullptr, 0, &count, &rows, nullptr) == VECQ_OK);
        CHECK(same_answers(index, opened) && problems_of(opened.own) == 0);
        return count == 2 && rows == kRows;
    };
    CHECK(calibrated());
    Bytes earlier(path);
    earlier.entry(Kind::index).element_bytes = vecq::kFirstSettings;
    earlier.seal();
    earlier.write(path);
    CHECK(!calibrated());
    earlier.entry(Kind::index).element_bytes = vecq::kFirstSettings - 8;
    earlier.seal();
    earlier.write(path);
    CHECK(Opened(path).status == VECQ_CORRUPT_FILE);
}

TEST(files_opened_to_be_read_are_not_changed) {
    const Folder folder;
    const std::string path = folder / "a.vecq";
    const Codec codec(VECQ_INT8, kDim);
    const Vector vectors = vectors_of(kRows, 1);
    Index index(options_of(VECQ_IP), codec);
    CHECK(index.add(vectors) && save(index.own, path) == VECQ_OK);
    const Bytes before(path);
    Opened opened(path);
    vecq_error* error = &opened.error;
    CHECK(vecq_index_reserve(opened.own, 2 * kRows, error) == VECQ_READ_ONLY);
    CHECK(vecq_index_stage(opened.own, vectors.data(), 1, nullptr, 0, 1, error) == VECQ_READ_ONLY);
    CHECK(vecq_index_sample_users(opened.own, vectors.data(), 1, 0, error) == VECQ_READ_ONLY);
    CHECK(vecq_index_fit(opened.own, vectors.data(), 1, error) == VECQ_READ_ONLY);
    CHECK(std::string(error->message).find("writable=True") != std::string::npos);
    CHECK(vecq_index_settle(opened.own, error) == VECQ_OK && same_answers(index, opened));
    Opened written(path, true);
    CHECK(written.add(vectors) && written.size() == 2 * kRows, written.error.message);
    CHECK(Bytes(path) == before);  // until it is saved
}

TEST(files_that_are_replaced_stay_as_they_were_for_whom_has_them_open) {
    const Folder folder;
    const std::string path = folder / "a.vecq";
    const Codec codec(VECQ_INT8, kDim);
    Index index(options_of(VECQ_L2), codec), larger(options_of(VECQ_L2), codec);
    CHECK(index.add(vectors_of(kRows, 1)) && save(index.own, path) == VECQ_OK);
    const Opened opened(path);
    CHECK(larger.add(vectors_of(2 * kRows, 5)) && save(larger.own, path) == VECQ_OK);
    CHECK(same_answers(index, opened) && same_answers(larger, Opened(path)));
}

TEST(files_that_are_given_up_leave_nothing) {
    const Folder folder;
    const std::string path = folder / "a.vecq";
    const Codec codec(VECQ_INT8, kDim);
    const Vector vectors = vectors_of(kRows, 1);
    Index index(options_of(VECQ_COSINE), codec);
    vecq_task* saving = nullptr;
    CHECK(index.add(vectors));
    CHECK(vecq_task_save(index.own, path.c_str(), 0, &saving, nullptr) == VECQ_OK);
    CHECK(index.add(vectors) && folder.count() == 1, index.error.message);
    vecq_task_close(saving);
    CHECK(folder.count() == 0 && save(index.own, path) == VECQ_OK);
}

TEST(files_that_changed_are_replaced_only_if_asked) {
    const Folder folder;
    const std::string path = folder / "a.vecq";
    const Codec codec(VECQ_INT8, kDim);
    Index index(options_of(VECQ_L2), codec);
    CHECK(index.add(vectors_of(50, 1)) && save(index.own, path) == VECQ_OK);
    Opened other(path, true);
    vecq_task* task = nullptr;
    CHECK(index.add(vectors_of(10, 2)) && other.add(vectors_of(20, 3)));
    CHECK(vecq_task_save(index.own, path.c_str(), 0, &task, nullptr) == VECQ_OK);
    CHECK(save(other.own, path) == VECQ_OK);
    const Bytes saved(path);
    vecq_error error{};
    CHECK(run(task, &error) == VECQ_CHANGED_FILE);  // at the last step
    vecq_task_close(task);
    task = nullptr;
    CHECK(std::string(error.argument) == "path" && error.system == 0, error.message);
    CHECK(vecq_task_save(index.own, path.c_str(), 0, &task, nullptr) == VECQ_CHANGED_FILE);
    CHECK(task == nullptr && Bytes(path) == saved && folder.count() == 1);
    CHECK(save(index.own, path, &index.error, true) == VECQ_OK && Opened(path).size() == 60);
    CHECK(save(index.own, path) == VECQ_OK && save(other.own, path) == VECQ_CHANGED_FILE);
}

TEST(files_come_from_the_system_or_its_refusal) {
    const Folder folder;
    const Codec codec(VECQ_INT8, kDim);
    Index index(options_of(VECQ_IP), codec);
    CHECK(index.add(vectors_of(50, 1)));
    const auto refused = [&](const std::string& path, int code) {
        vecq_error error{};
        return save(index.own, path, &error) == VECQ_FILE_ERROR && error.system == code;
    };
    CHECK(refused(folder / "none/a.vecq", ENOENT));
    CHECK(refused(folder / "", EISDIR) && refused(folder / ".", EISDIR));
    CHECK(refused("/dev/null", EINVAL));
    CHECK(refused(folder / std::string(300, 'a').c_str(), ENAMETOOLONG));
    CHECK(save(index.own, folder / std::string(255, 'a').c_str()) == VECQ_OK);
    CHECK(Opened(folder / "none").error.system == ENOENT);
    CHECK(Opened("/dev/null").error.system == EINVAL);
    CHECK(Opened(folder / "").error.system == EINVAL);
    CHECK(folder.count() == 1, folder.count());
}
