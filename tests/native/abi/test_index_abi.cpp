// The index ABI refuses every bad argument by name, and a refused call changes nothing.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "check.hpp"
#include "indexes.hpp"
#include "random_vector.hpp"
#include "vecq.h"

using namespace indexes;
using samples::random_vector;

namespace {

constexpr size_t kDim = 16, kRows = 200, kTooMany = (size_t{1} << 32) - 1;

bool refused(vecq_status status, const vecq_error& error, const char* argument) {
    return status == VECQ_INVALID_ARGUMENT && std::strcmp(error.argument, argument) == 0 &&
           std::strstr(error.message, argument) != nullptr;
}

bool says(const vecq_error& error, const char* text) {
    return std::strstr(error.message, text) != nullptr;
}

// An index whose ids are row numbers, and the output arrays of a search.
struct Sample {
    Codec codec{VECQ_INT8, kDim};
    Vector vectors = random_vector(kRows * kDim, 1), queries = random_vector(5 * kDim, 2);
    Index index;
    explicit Sample(int32_t metric = VECQ_IP) : index(options_of(metric), codec) {
        CHECK(index.add(vectors), index.error.message);
    }
    bool no(const char* argument, vecq_status status) const {
        return refused(status, index.error, argument);
    }
    bool intact() const {
        const Vector exact = exact_scores(codec, VECQ_IP, 15, queries, vectors);
        return index.size() == kRows &&
               finds_the_best(index.search(queries, search_of(kRows)), kRows, exact, kRows);
    }
};

}  // namespace

TEST(abi_index_open_refuses) {
    const Codec codec(VECQ_INT8, kDim), centered(VECQ_INT8, kDim, VECQ_SCALE_VECTOR, 1);
    const Codec other(VECQ_FP32, kDim + 1);
    vecq_index* index = nullptr;
    vecq_error error;
    const auto no = [&](const char* argument, const vecq_index_options& options, const Codec& of) {
        return refused(vecq_index_open(&options, of.own, nullptr, &index, &error), error, argument);
    };
    const auto change = [&](auto member, auto value) {
        vecq_index_options options = options_of(VECQ_IP);
        options.*member = value;
        return options;
    };
    for (const int32_t value : {-1, 5, INT32_MAX, INT32_MIN}) {
        CHECK(no("metric", change(&vecq_index_options::metric, value), codec), value);
        CHECK(no("link", change(&vecq_index_options::link, value), codec), value);
    }
    CHECK(no("metric", change(&vecq_index_options::metric, 3), codec));
    for (const size_t value : {size_t{1}, size_t{257}, SIZE_MAX})
        CHECK(no("m", change(&vecq_index_options::m, value), codec), value);
    for (const size_t value : {size_t{100'001}, SIZE_MAX})
        CHECK(no("ef_construction", change(&vecq_index_options::ef_construction, value), codec),
              value);
    for (const int32_t link : {VECQ_LINK_COSINE, VECQ_LINK_MOEBIUS})
        CHECK(no("link", options_of(VECQ_L2, link), codec), link);
    CHECK(no("link", options_of(VECQ_COSINE, VECQ_LINK_MOEBIUS), codec));
    for (const int32_t metric : {VECQ_L2, VECQ_COSINE})
        CHECK(no("link", options_of(metric, VECQ_LINK_LAYERED), codec), metric);
    for (const int32_t link :
         {VECQ_LINK_METRIC, VECQ_LINK_COSINE, VECQ_LINK_MOEBIUS, VECQ_LINK_LAYERED})
        CHECK(no("link", options_of(VECQ_IP, link), centered), link);
    CHECK(no("link", options_of(VECQ_COSINE, VECQ_LINK_COSINE), centered));
    for (const int32_t metric : kMetrics)
        CHECK(no("codec", options_of(metric), Codec(VECQ_INT8, kDim, VECQ_SCALE_DIMENSION)));
    const vecq_index_options good = options_of(VECQ_IP);
    const auto open = [&](const vecq_index_options* options, const vecq_codec* of,
                          const vecq_codec* wide, vecq_index** to) {
        return vecq_index_open(options, of, wide, to, &error);
    };
    CHECK(refused(open(nullptr, codec.own, nullptr, &index), error, "options"));
    CHECK(refused(open(&good, nullptr, nullptr, &index), error, "codec"));
    CHECK(refused(open(&good, codec.own, nullptr, nullptr), error, "index"));
    CHECK(refused(open(&good, codec.own, other.own, &index), error, "rerank_codec"));
    CHECK(index == nullptr);
    vecq_index_close(nullptr);
}

TEST(abi_index_calls_refuse) {
    Sample s;
    vecq_index* const index = s.index.own;
    vecq_error* const error = &s.index.error;
    auto stats = sized<vecq_index_stats>();
    size_t done = 0, total = 0;
    CHECK(s.no("index", vecq_index_size(nullptr, &done, error)));
    CHECK(s.no("size", vecq_index_size(index, nullptr, error)));
    CHECK(s.no("index", vecq_index_reserve(nullptr, 1, error)));
    for (const size_t rows : {kTooMany, SIZE_MAX})
        CHECK(s.no("rows", vecq_index_reserve(index, rows, error)), rows);
    CHECK(s.no("index", vecq_index_link(nullptr, 1, 1, &done, &total, error)));
    CHECK(s.no("done", vecq_index_link(index, 1, 1, nullptr, &total, error)));
    CHECK(s.no("total", vecq_index_link(index, 1, 1, &done, nullptr, error)));
    CHECK(s.no("index", vecq_index_settle(nullptr, error)));
    CHECK(s.no("index", vecq_index_get_stats(nullptr, &stats, error)));
    CHECK(s.no("stats", vecq_index_get_stats(index, nullptr, error)));

    const float* vectors = s.vectors.data();
    const auto stage = [&](vecq_index* to, const float* from, size_t count) {
        return vecq_index_stage(to, from, count, nullptr, 0, 1, error);
    };
    CHECK(s.no("index", stage(nullptr, vectors, 1)) && s.no("vectors", stage(index, nullptr, 1)));
    CHECK(s.no("count", stage(index, vectors, SIZE_MAX)));
    CHECK(s.no("count", stage(index, vectors, SIZE_MAX / kDim / 4)));
    CHECK(s.no("vectors", stage(index, vectors, kTooMany)));
    CHECK(stage(index, nullptr, 0) == VECQ_OK);
    CHECK(s.no("index", vecq_index_fit(nullptr, vectors, 1, error)));
    CHECK(s.no("sample", vecq_index_fit(index, nullptr, 1, error)));
    CHECK(s.no("count", vecq_index_fit(index, vectors, SIZE_MAX, error)));
    CHECK(s.no("sample", vecq_index_fit(index, vectors, 1, error)));  // the index has rows
    CHECK(s.no("index", vecq_index_sample_users(nullptr, vectors, 1, 0, error)));
    CHECK(s.no("users", vecq_index_sample_users(index, nullptr, 1, 0, error)));
    CHECK(s.no("count", vecq_index_sample_users(index, vectors, SIZE_MAX, 0, error)));
    CHECK(s.intact());
}

TEST(abi_index_users_are_refused) {
    Sample ip;
    ip.vectors[3 * kDim] = NAN;
    const float* users = ip.vectors.data();
    CHECK(ip.no("users", vecq_index_sample_users(ip.index.own, users, 5, 20, &ip.index.error)));
    CHECK(says(ip.index.error, "row 23, column 0"), ip.index.error.message);
    for (const int32_t metric : {VECQ_COSINE, VECQ_L2}) {
        Sample s(metric);
        CHECK(s.no("users", vecq_index_sample_users(s.index.own, users, 1, 0, &s.index.error)));
    }
    const Codec global(VECQ_INT8, kDim, VECQ_SCALE_GLOBAL);
    Index unfitted(options_of(VECQ_IP), global);
    CHECK(refused(vecq_index_sample_users(unfitted.own, users, 1, 0, &unfitted.error),
                  unfitted.error, "codec"));
}

TEST(abi_index_search_refuses) {
    Sample s;
    Found found = s.index.search(s.queries, search_of(3));
    struct Call {
        const vecq_index* index;
        const float* queries;
        int64_t* ids;
        float* scores;
        int64_t* counts;
        size_t count = 5;
    };
    const Call good{s.index.own, s.queries.data(), found.ids.data(), found.scores.data(),
                    found.counts.data()};
    const auto search = [&](const Call& c, const vecq_search_options* options) {
        return vecq_index_search(c.index, options, c.queries, c.count, c.ids, c.scores, c.counts,
                                 nullptr, &s.index.error);
    };
    const auto call = [&](const char* argument, auto member, auto value) {
        const vecq_search_options options = search_of(3);
        Call bad = good;
        bad.*member = value;
        return s.no(argument, search(bad, &options));
    };
    const auto option = [&](const char* argument, auto member, auto value) {
        vecq_search_options options = search_of(3);
        options.*member = value;
        return s.no(argument, search(good, &options));
    };
    using Options = vecq_search_options;
    CHECK(option("k", &Options::k, size_t{0}));
    for (const size_t value : {kTooMany, SIZE_MAX}) {
        CHECK(option("k", &Options::k, value), value);
        CHECK(option("ef", &Options::ef, value), value);
    }
    for (const size_t value : {size_t{1}, size_t{2}, kTooMany, SIZE_MAX})
        CHECK(option("rerank", &Options::rerank, value), value);
    for (const int32_t value : {-8, 1, 7, 9, 16, INT32_MIN})
        CHECK(option("query_bits", &Options::query_bits, value), value);
    CHECK(s.no("options", search(good, nullptr)));
    CHECK(call("index", &Call::index, nullptr) && call("queries", &Call::queries, nullptr));
    CHECK(call("ids", &Call::ids, nullptr) && call("scores", &Call::scores, nullptr));
    CHECK(call("counts", &Call::counts, nullptr));
    for (const size_t count : {SIZE_MAX, SIZE_MAX / kDim / 4, SIZE_MAX / 24})
        CHECK(call("count", &Call::count, count), count);
    const vecq_search_options options = search_of(3);
    CHECK(search({s.index.own, nullptr, nullptr, nullptr, nullptr, 0}, &options) == VECQ_OK);
    for (const float value : {NAN, INFINITY, -INFINITY, 2e33F}) {
        s.queries[3 * kDim + 2] = value;
        CHECK(s.no("queries", search(good, &options)), value);
        CHECK(says(s.index.error, "row 3, column 2"), s.index.error.message);
    }
    s.queries[3 * kDim + 2] = 0;
    CHECK(search(good, &options) == VECQ_OK && s.intact());
}

TEST(abi_index_stage_refuses_vectors) {
    for (const int32_t metric : kMetrics) {
        Sample s(metric);
        const Found before = s.index.search(s.queries, search_of(kRows));
        Vector bad = random_vector(10 * kDim, 3);
        for (const float value : {NAN, INFINITY, -INFINITY, 2e33F}) {
            bad[7 * kDim + 5] = value;
            CHECK(s.no("vectors", s.index.stage(bad, {}, 100)), metric, value);
            CHECK(says(s.index.error, "row 107, column 5"), s.index.error.message);
        }
        bad[7 * kDim + 5] = 3e19F;  // its square is beyond float32
        const vecq_status status = s.index.stage(bad, {}, 100);
        CHECK((status == VECQ_OK) == (metric != VECQ_L2), metric);
        if (status != VECQ_OK) CHECK(s.no("vectors", status) && says(s.index.error, "row 107"));
        CHECK(s.index.settle() == VECQ_OK && s.index.size() == kRows, metric);
        CHECK(s.index.search(s.queries, search_of(kRows)) == before, metric);
        CHECK(s.index.add(Vector(bad.begin(), bad.begin() + kDim)), metric);
        const Found after = s.index.search(s.queries, search_of(kRows + 1));
        CHECK(std::count(after.ids.begin(), after.ids.end(), kRows) == 5, metric);
    }
}

TEST(abi_index_ids_are_taken_once) {
    Sample s;
    const Vector three = random_vector(3 * kDim, 4);
    const auto no = [&](const Ids& ids, const char* text) {
        return s.no("ids", s.index.stage(three, ids, 10)) && says(s.index.error, text);
    };
    CHECK(no({1000, 1001, 1000}, "has 1000 in row 12"), s.index.error.message);
    CHECK(no({1000, 199, 0}, "has 199 in row 11"), s.index.error.message);
    CHECK(s.intact());
    CHECK(s.index.stage(three, {1000, INT64_MIN, INT64_MAX}) == VECQ_OK, s.index.error.message);
    CHECK(no({5000, 5001, INT64_MIN}, "row 12"));  // staged ids are in use
    CHECK(s.no("ids", s.index.stage(three)));      // no ids are left above the largest
    CHECK(s.index.settle() == VECQ_OK && s.intact());
    CHECK(s.index.add(three, {1000, INT64_MIN, INT64_MAX}), s.index.error.message);
    CHECK(s.index.size() == kRows + 3);
}

TEST(abi_index_stages_one_addition_at_a_time) {
    Sample s;
    const Vector more = random_vector(100 * kDim, 5);
    CHECK(s.index.stage(more) == VECQ_OK && s.index.stage(more) == VECQ_OK);
    CHECK(s.index.link(1) == VECQ_OK && s.index.done < s.index.total);
    CHECK(s.no("vectors", s.index.stage(more)) && s.no("sample", s.index.fit(more)));
    CHECK(s.index.link_all() && s.index.link(1) == VECQ_OK && s.index.done == s.index.total);
    CHECK(s.no("vectors", s.index.stage(more)));
    CHECK(s.index.settle() == VECQ_OK && s.index.size() == kRows + 200);
    CHECK(s.index.add(more) && s.index.size() == kRows + 300);
}
