// Structs with a struct_size: those of older and newer callers are accepted, other sizes refused.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "check.hpp"
#include "files.hpp"
#include "filters.hpp"
#include "indexes.hpp"
#include "random_vector.hpp"
#include "vecq_internal.h"

using namespace indexes;
using samples::random_vector;

namespace {

constexpr size_t kDim = 16, kRows = 300;

// The start of a struct, or a struct and zeros, in memory of exactly `bytes` bytes: the address
// sanitizer detects accesses beyond it.
template <class T>
class Resized {
public:
    Resized(const T& whole, size_t bytes) : memory_(new std::byte[bytes]()) {
        std::memcpy(memory_.get(), &whole, std::min(bytes, sizeof whole));
        if (bytes >= sizeof bytes) std::memcpy(memory_.get(), &bytes, sizeof bytes);
    }
    T* get() const { return reinterpret_cast<T*>(memory_.get()); }
    std::byte& operator[](size_t at) const { return memory_[at]; }

private:
    std::unique_ptr<std::byte[]> memory_;
};

// Checks that call(T*, vecq_error*), which succeeds with `whole`, refuses argument `name` for
// exactly the invalid sizes.
template <class T, class Call>
void check_sizes(const char* name, const T& whole, Call&& call) {
    vecq_error error{};
    const auto refused = [&](T* given) {
        return call(given, &error) == VECQ_INVALID_ARGUMENT &&
               std::strcmp(error.argument, name) == 0 &&
               std::strstr(error.message, "struct_size") != nullptr;
    };
    T own = whole;
    CHECK(call(&own, &error) == VECQ_OK, name, error.message);
    for (size_t bytes = sizeof(size_t); bytes < sizeof whole; bytes += alignof(T)) {
        const Resized<T> shorter(whole, bytes);
        CHECK(!refused(shorter.get()), name, bytes, error.message);
    }
    for (const size_t more : {8, 16, 504}) {
        const Resized<T> longer(whole, sizeof whole + more);
        CHECK(call(longer.get(), &error) == VECQ_OK, name, more, error.message);
        for (size_t at = sizeof whole; at < sizeof whole + more; ++at) {
            CHECK(longer[at] == std::byte{0}, name, more, at);
            longer[at] = std::byte{1};
            CHECK(refused(longer.get()), name, more, at);
            longer[at] = std::byte{0};
        }
    }
    for (const size_t size :
         {size_t{0}, sizeof(size_t) - 1, sizeof whole - 1, size_t{1} << 32, SIZE_MAX - 7}) {
        own.struct_size = size;
        CHECK(refused(&own), name, size);
    }
}

// Checks that call(T*) fills an older caller's struct up to its size and nothing after it.
template <class T, class Call>
void check_short_outputs(const char* name, Call&& call) {
    T whole = sized<T>();
    CHECK(call(&whole, nullptr) == VECQ_OK, name);
    for (size_t bytes = sizeof(size_t); bytes < sizeof whole; bytes += alignof(T)) {
        const Resized<T> shorter(T{}, bytes);
        CHECK(call(shorter.get(), nullptr) == VECQ_OK, name, bytes);
        size_t size = 0;
        std::memcpy(&size, shorter.get(), sizeof size);
        CHECK(size == bytes, name, size, bytes);
        CHECK(std::memcmp(&shorter[sizeof size], reinterpret_cast<std::byte*>(&whole) + sizeof size,
                          bytes - sizeof size) == 0,
              name, bytes);
    }
}

struct Sample {
    Codec codec{VECQ_INT8, kDim}, finer{VECQ_FP32, kDim};
    Vector vectors = random_vector(kRows * kDim, 1), queries = random_vector(2 * kDim, 2);
    Index index{options_of(VECQ_IP), codec, &finer};
    Found found{VECQ_OK, Ids(2 * kRows), Vector(2 * kRows), Ids(2)};
    Sample() { CHECK(index.add(vectors), index.error.message); }

    vecq_status search(const vecq_search_options* options, vecq_search_report* report,
                       vecq_error* error) {
        found.status = vecq_index_search(index.own, options, queries.data(), 2, found.ids.data(),
                                         found.scores.data(), found.counts.data(), report, error);
        return found.status;
    }
};

}  // namespace

TEST(struct_size_of_options) {
    Sample s;
    const Ids some = {1, 2, 3};
    auto exact = sized<vecq_exact_options>();
    exact.k = 5;
    check_sizes("options", sized<vecq_codec_options>(), [](auto* given, vecq_error* error) {
        vecq_codec* codec = nullptr;
        const vecq_status status = vecq_codec_open(given, kDim, &codec, error);
        vecq_codec_close(codec);
        return status;
    });
    check_sizes("options", options_of(VECQ_IP), [&](auto* given, vecq_error* error) {
        vecq_index* index = nullptr;
        const vecq_status status = vecq_index_open(given, s.codec.own, nullptr, &index, error);
        vecq_index_close(index);
        return status;
    });
    check_sizes("options", search_of(5),
                [&](auto* given, vecq_error* error) { return s.search(given, nullptr, error); });
    check_sizes("options", exact, [&](auto* given, vecq_error* error) {
        s.found.counts = {0, 0};
        return vecq_exact(s.codec.own, given, s.queries.data(), 2, s.vectors.data(), kRows,
                          s.found.ids.data(), s.found.scores.data(), s.found.counts.data(), error);
    });
    for (const char* name : {"allow", "deny"})
        check_sizes(name, ids_of(some), [&](auto* given, vecq_error* error) {
            vecq_filter* filter = nullptr;
            const bool allow = std::strcmp(name, "allow") == 0;
            const vecq_status status = vecq_filter_open(s.index.own, allow ? given : nullptr,
                                                        allow ? nullptr : given, &filter, error);
            vecq_filter_close(filter);
            return status;
        });
}

template <class T, class Call>
void check_output(const char* name, Call&& call) {
    check_sizes(name, sized<T>(), call);
    check_short_outputs<T>(name, call);
}

TEST(struct_size_of_outputs) {
    Sample s;
    const vecq_index* index = s.index.own;
    check_output<vecq_isa>(
        "isa", [](auto* out, vecq_error* error) { return vecq_isa_get(0, out, error); });
    check_output<vecq_index_stats>("stats", [&](auto* out, vecq_error* error) {
        return vecq_index_get_stats(index, out, error);
    });
    check_output<vecq_clipped>("clipped", [&](auto* out, vecq_error* error) {
        return vecq_index_get_clipped(index, out, error);
    });
    check_output<vecq_graph>("graph", [&](auto* out, vecq_error* error) {
        return vecq_index_export_graph(index, out, error);
    });
    check_output<vecq_index_description>("description", [&](auto* out, vecq_error* error) {
        return vecq_index_describe(index, out, nullptr, nullptr, nullptr, error);
    });
    check_output<vecq_index_options>("options", [&](auto* out, vecq_error* error) {
        return vecq_index_describe(index, nullptr, out, nullptr, nullptr, error);
    });
    check_output<vecq_codec_options>("codec", [&](auto* out, vecq_error* error) {
        return vecq_index_describe(index, nullptr, nullptr, out, nullptr, error);
    });
    check_output<vecq_codec_options>("rerank_codec", [&](auto* out, vecq_error* error) {
        return vecq_index_describe(index, nullptr, nullptr, nullptr, out, error);
    });
    const vecq_search_options options = search_of(5, 500, 15, 5, VECQ_PLAN_WALK);
    check_output<vecq_search_report>(
        "report", [&](auto* out, vecq_error* error) { return s.search(&options, out, error); });
}

TEST(struct_size_of_files) {
    Sample s;
    const files::Folder folder;
    const std::string path = folder / "sized";
    vecq_task* task = nullptr;
    CHECK(vecq_task_save(s.index.own, path.c_str(), 0, &task, nullptr) == VECQ_OK);
    CHECK(files::run(task, nullptr) == VECQ_OK);
    check_output<vecq_saved>(
        "saved", [&](auto* out, vecq_error* error) { return vecq_task_saved(task, out, error); });
    vecq_task_close(task);
    check_output<vecq_file_info>("info", [&](auto* out, vecq_error* error) {
        return vecq_file_describe(path.c_str(), out, nullptr, 0, error);
    });
}

TEST(struct_size_is_checked_before_the_machine_is_measured) {
    vecq_error error{};
    vecq_machine_limits limits{};
    CHECK(vecq_measure_machine_limits(VECQ_INT8, kDim, 100, &limits, &error) ==
          VECQ_INVALID_ARGUMENT);
    CHECK(std::strcmp(error.argument, "limits") == 0, error.argument);
}

TEST(fields_beyond_an_older_struct_are_not_read) {
    Sample s;
    s.queries[kDim] = NAN;
    vecq_error error{};
    vecq_search_options options = search_of(5);
    options.first_query = 70;
    CHECK(s.search(&options, nullptr, &error) == VECQ_INVALID_ARGUMENT);
    CHECK(std::strstr(error.message, "row 71") != nullptr, error.message);
    // The bytes of first_query exist but are not part of the struct.
    options.struct_size = offsetof(vecq_search_options, first_query);
    CHECK(s.search(&options, nullptr, &error) == VECQ_INVALID_ARGUMENT);
    CHECK(std::strstr(error.message, "row 1,") != nullptr, error.message);
}

TEST(zero_selects_the_default) {
    Sample s;
    auto codec_options = sized<vecq_codec_options>();
    codec_options.width = VECQ_INT8;
    vecq_codec* codec = nullptr;
    CHECK(vecq_codec_open(&codec_options, kDim, &codec, nullptr) == VECQ_OK);
    vecq_index* index = nullptr;
    const auto index_options = sized<vecq_index_options>();
    CHECK(vecq_index_open(&index_options, codec, nullptr, &index, nullptr) == VECQ_OK);
    auto own = sized<vecq_index_options>();
    auto own_codec = sized<vecq_codec_options>();
    CHECK(vecq_index_describe(index, nullptr, &own, &own_codec, nullptr, nullptr) == VECQ_OK);
    CHECK(own.m == 16 && own.ef_construction == 200, own.m, own.ef_construction);
    CHECK(own_codec.percentile == 99.9, own_codec.percentile);
    vecq_index_close(index);
    vecq_codec_close(codec);

    vecq_search_options options = search_of(5, 105, 15, 0, VECQ_PLAN_WALK);
    auto expected = sized<vecq_search_report>(), report = sized<vecq_search_report>();
    CHECK(s.search(&options, &expected, nullptr) == VECQ_OK);
    const Found before = s.found;
    options.ef = 0;
    options.query_bits = 0;
    CHECK(s.search(&options, &report, nullptr) == VECQ_OK && s.found == before);
    CHECK(report.hops == expected.hops && report.scored_rows == expected.scored_rows, report.hops);
    options.query_bits = 8;
    CHECK(s.search(&options, &report, nullptr) == VECQ_OK && s.found != before);

    // The options of an older caller that knows only k.
    const Resized<vecq_search_options> shortest(search_of(5), offsetof(vecq_search_options, ef));
    CHECK(s.search(shortest.get(), &report, nullptr) == VECQ_OK);
    CHECK(s.found.ids == before.ids && s.found.scores == before.scores);
}
