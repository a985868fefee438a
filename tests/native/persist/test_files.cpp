// A saved and opened index equals the original, bit for bit, and changes in the same way.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "check.hpp"
#include "base/status.hpp"
#include "files.hpp"
#include "persist/open.hpp"
#include "rows/column.hpp"
#include "vecq.h"

using namespace files;
using samples::random_vector;

namespace {

constexpr size_t kDim = 24, kRows = 600;

// A fitted search codec and a rerank codec.
struct Codecs {
    Codecs(int32_t width, int32_t center, int32_t scale, const Vector& vectors)
        : search(width, kDim, scale, center), rerank(VECQ_FP16, kDim) {
        vecq_codec_fit(search.own, vectors.data(), vectors.size() / kDim, nullptr);
    }
    Codec search, rerank;
};

// Some rows are zero: inner products keep them out of the graph.
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

TEST(opened_indexes_equal_saved_ones) {
    const Folder folder;
    const std::string path = folder / "a.vecq", other = folder / "b.vecq";
    const Vector vectors = vectors_of(kRows, 1), more = vectors_of(kRows / 2, 2);
    for (const int32_t metric : kMetrics)
        for (const int32_t width : {VECQ_FP32, VECQ_INT16, VECQ_INT8, VECQ_INT12, VECQ_INT4})
            for (const int32_t variant : {0, 1, 2}) {
                const bool is_shared = variant == 2 && width != VECQ_FP32;
                const Codecs codecs(width, variant == 1,
                                    is_shared ? VECQ_SCALE_GLOBAL : VECQ_SCALE_VECTOR, vectors);
                Index index(options_of(metric), codecs.search,
                            variant == 0 ? nullptr : &codecs.rerank);
                CHECK(index.add(vectors), index.error.message);
                CHECK(save(index.own, path, &index.error) == VECQ_OK, index.error.message);
                {
                    const Opened opened(path);
                    CHECK(opened.status == VECQ_OK, opened.error.message);
                    CHECK(same_answers(index, opened), metric, width, variant);
                    std::string problem;
                    CHECK(problems_of(opened.own, &problem) == 0, problem);
                }
                Opened opened(path, true);
                CHECK(index.add(more) && opened.add(more), opened.error.message);
                CHECK(same_answers(index, opened), metric, width, variant);
                CHECK(save(opened.own, path) == VECQ_OK && save(index.own, other) == VECQ_OK);
                CHECK(Bytes(path) == Bytes(other), metric, width, variant);
                CHECK(same_answers(index, Opened(path)), metric, width, variant);
            }
    CHECK(folder.count() == 2, folder.count());
}

TEST(files_of_empty_indexes_open) {
    const Folder folder;
    const std::string path = folder / "a.vecq";
    const Vector vectors = vectors_of(kRows, 1);
    for (const int32_t metric : kMetrics) {
        const Codec centered(VECQ_INT8, kDim, VECQ_SCALE_VECTOR, 1);  // not fitted
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

// The settings of the first release lack the number of rows that the curve was measured on.
TEST(files_of_the_first_release_drop_the_recall_curve) {
    const Folder folder;
    const std::string path = folder / "a.vecq";
    const Codec codec(VECQ_INT8, kDim);
    Index index(options_of(VECQ_L2), codec);
    const vecq_curve_point points[] = {{10, 20, 0.5}, {10, 40, 0.9}};
    CHECK(vecq_index_set_curve(index.own, points, 2, 0, &index.error) == VECQ_INVALID_ARGUMENT);
    CHECK(vecq_index_set_curve(index.own, points, 2, kRows, &index.error) == VECQ_OK);
    CHECK(index.add(vectors_of(kRows, 1)) && save(index.own, path) == VECQ_OK);
    const auto has_curve = [&] {
        const Opened opened(path);
        size_t count = 0;
        uint64_t rows = 0;
        CHECK(vecq_index_curve(opened.own, nullptr, 0, &count, &rows, nullptr) == VECQ_OK);
        CHECK(same_answers(index, opened) && problems_of(opened.own) == 0);
        return count == 2 && rows == kRows;
    };
    CHECK(has_curve());
    Bytes earlier(path);
    earlier.entry(Kind::index).element_bytes = vecq::kFirstSettings;
    earlier.seal();
    earlier.write(path);
    CHECK(!has_curve());
    earlier.entry(Kind::index).element_bytes = vecq::kFirstSettings - 8;
    earlier.seal();
    earlier.write(path);
    CHECK(Opened(path).status == VECQ_CORRUPT_FILE);
}

TEST(files_opened_read_only_refuse_changes) {
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
    Opened writable(path, true);
    CHECK(writable.add(vectors) && writable.size() == 2 * kRows, writable.error.message);
    CHECK(Bytes(path) == before);  // changes stay in memory until a save
}

TEST(replaced_files_stay_unchanged_for_indexes_that_have_them_open) {
    const Folder folder;
    const std::string path = folder / "a.vecq";
    const Codec codec(VECQ_INT8, kDim);
    Index index(options_of(VECQ_L2), codec), larger(options_of(VECQ_L2), codec);
    CHECK(index.add(vectors_of(kRows, 1)) && save(index.own, path) == VECQ_OK);
    const Opened opened(path);
    CHECK(larger.add(vectors_of(2 * kRows, 5)) && save(larger.own, path) == VECQ_OK);
    CHECK(same_answers(index, opened) && same_answers(larger, Opened(path)));
}

TEST(a_save_closed_early_leaves_no_file) {
    const Folder folder;
    const std::string path = folder / "a.vecq";
    const Codec codec(VECQ_INT8, kDim);
    const Vector vectors = vectors_of(kRows, 1);
    Index index(options_of(VECQ_COSINE), codec);
    vecq_task* task = nullptr;
    CHECK(index.add(vectors));
    CHECK(vecq_task_save(index.own, path.c_str(), 0, &task, nullptr) == VECQ_OK);
    CHECK(index.add(vectors) && folder.count() == 1, index.error.message);
    vecq_task_close(task);
    CHECK(folder.count() == 0 && save(index.own, path) == VECQ_OK);
}

TEST(changed_files_are_replaced_only_with_overwrite) {
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

TEST(failed_system_calls_are_reported_with_errno) {
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

// The recipe for a new per-row array relies on this.
TEST(optional_columns_open_as_zeros_where_a_file_lacks_them) {
    const Folder folder;
    const std::string path = folder / "a.vecq";
    const Codec codec(VECQ_INT8, kDim);
    Index index(options_of(VECQ_L2), codec);
    CHECK(index.add(vectors_of(kRows, 1)) && save(index.own, path) == VECQ_OK);
    const vecq::IndexReader reader(path, false);
    const vecq::SectionId unknown{99, 0};
    vecq::Column optional({unknown, 12, false, true}), required({unknown, 12});
    reader.fill_column(optional);
    CHECK(optional.rows() == kRows, optional.rows());
    const auto* bytes = reinterpret_cast<const char*>(optional.data());
    CHECK(std::all_of(bytes, bytes + kRows * 12, [](char byte) { return byte == 0; }));
    std::string message;
    try {
        reader.fill_column(required);
    } catch (const vecq::Error& error) {
        message = error.what();
    }
    CHECK(message == "the file has no section 99.0", message);
    vecq::Column stored({vecq::section(Kind::affine), sizeof(vecq::Affine), true, true});
    reader.fill_column(stored);
    Bytes file(path);
    CHECK(stored.rows() == kRows &&
          std::memcmp(stored.data(), file.data() + file.entry(Kind::affine).offset,
                      kRows * sizeof(vecq::Affine)) == 0);
}
