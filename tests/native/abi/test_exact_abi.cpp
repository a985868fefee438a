// Exact search without an index: blocks give the same results as one block, and bad arguments are
// refused.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "check.hpp"
#include "indexes.hpp"
#include "random_vector.hpp"
#include "vecq.h"

using namespace indexes;
using samples::random_vector;

namespace {

constexpr size_t kDim = 16, kRows = 400, kQueries = 40;

vecq_exact_options options_for(int32_t metric, size_t k) {
    return {sizeof(vecq_exact_options), metric, 15, k, 1, nullptr, nullptr, 0, 0};
}

Found results_of(size_t count, size_t k) {
    return {VECQ_OK, Ids(count * k, -1), Vector(count * k, -std::numeric_limits<float>::infinity()),
            Ids(count)};
}

Found search(const Codec& codec, vecq_exact_options options, const Vector& queries,
             const Vector& rows, size_t rows_at_once) {
    const size_t count = queries.size() / kDim, all = rows.size() / kDim;
    Found found = results_of(count, options.k);
    for (size_t first = 0; first < all && found.status == VECQ_OK; first += rows_at_once) {
        options.first_row = first;
        found.status =
            vecq_exact(codec.own, &options, queries.data(), count, rows.data() + first * kDim,
                       std::min(rows_at_once, all - first), found.ids.data(), found.scores.data(),
                       found.counts.data(), nullptr);
    }
    return found;
}

}  // namespace

TEST(exact_finds_the_best_of_all_blocks) {
    Vector rows = random_vector(kRows * kDim, 1);
    const Vector queries = random_vector(kQueries * kDim, 2);
    for (size_t r = 300; r < 330; ++r) std::copy_n(&rows[7 * kDim], kDim, &rows[r * kDim]);
    for (const int32_t width : {VECQ_INT8, VECQ_INT16})
        for (const int32_t metric : kMetrics) {
            const Codec codec(width, kDim);
            for (const int32_t bits : {8, 15}) {
                const Vector scores = exact_scores(codec, metric, bits, queries, rows);
                for (const size_t k : {size_t{1}, size_t{50}, kRows, kRows + 9}) {
                    vecq_exact_options options = options_for(metric, k);
                    options.query_bits = bits;
                    const Found whole = search(codec, options, queries, rows, kRows);
                    CHECK(finds_the_best(whole, k, scores, kRows), width, metric, bits, k);
                    for (const size_t at_once : {37, 399}) {
                        options.threads = at_once == 37 ? 3 : 1;
                        CHECK(search(codec, options, queries, rows, at_once) == whole, width,
                              metric, bits, k, at_once);
                    }
                }
            }
        }
}

TEST(exact_omits_excluded_rows) {
    const Vector rows = random_vector(kRows * kDim, 3), queries = random_vector(2 * kDim, 4);
    const Codec codec(VECQ_INT8, kDim);
    const Ids offsets = {1, 4, 4 + kRows};
    Ids seen = {-1, 0, 399, 400};
    for (size_t r = 0; r < kRows; ++r) seen.push_back(static_cast<int64_t>(r));
    vecq_exact_options options = options_for(VECQ_IP, kRows);
    options.exclude_offsets = offsets.data();
    options.exclude_ids = seen.data();
    for (const size_t at_once : {size_t{13}, kRows}) {
        const Found found = search(codec, options, queries, rows, at_once);
        CHECK(found.status == VECQ_OK && found.counts == Ids({kRows - 2, 0}), at_once);
        const auto end = found.ids.begin() + kRows;
        CHECK(std::count(found.ids.begin(), end, 0) == 0, at_once);
        CHECK(std::count(found.ids.begin(), end, 399) == 0, at_once);
        CHECK(std::count(end, found.ids.end(), -1) == kRows, at_once);
    }
}

TEST(abi_exact_refuses) {
    Vector rows = random_vector(kRows * kDim, 5), queries = random_vector(5 * kDim, 6);
    const Codec codec(VECQ_INT8, kDim), unfitted(VECQ_INT8, kDim, VECQ_SCALE_VECTOR, 1);
    Found found = results_of(5, 3);
    const Found untouched = found;
    vecq_error error;
    struct Call {
        const vecq_codec* codec;
        const float* queries;
        const float* rows;
        int64_t* ids;
        float* scores;
        int64_t* counts;
        size_t count = 5, row_count = kRows;
    };
    const Call good{codec.own,        queries.data(),      rows.data(),
                    found.ids.data(), found.scores.data(), found.counts.data()};
    const auto run = [&](const Call& c, const vecq_exact_options* options) {
        return vecq_exact(c.codec, options, c.queries, c.count, c.rows, c.row_count, c.ids,
                          c.scores, c.counts, &error);
    };
    const auto no = [&](const char* argument, vecq_status status) {
        return status == VECQ_INVALID_ARGUMENT && std::strcmp(error.argument, argument) == 0 &&
               std::strstr(error.message, argument) != nullptr;
    };
    const vecq_exact_options plain = options_for(VECQ_L2, 3);
    const auto call = [&](const char* argument, auto member, auto value) {
        Call bad = good;
        bad.*member = value;
        return no(argument, run(bad, &plain));
    };
    const auto option = [&](const char* argument, auto member, auto value) {
        vecq_exact_options bad = plain;
        bad.*member = value;
        return no(argument, run(good, &bad));
    };
    using Options = vecq_exact_options;
    CHECK(no("options", run(good, nullptr)) && call("codec", &Call::codec, nullptr));
    CHECK(call("codec", &Call::codec, unfitted.own));
    CHECK(call("queries", &Call::queries, nullptr) && call("rows", &Call::rows, nullptr));
    CHECK(call("ids", &Call::ids, nullptr) && call("scores", &Call::scores, nullptr));
    CHECK(call("counts", &Call::counts, nullptr));
    for (const size_t count : {SIZE_MAX, SIZE_MAX / kDim / 4}) {
        CHECK(call("count", &Call::count, count), count);
        CHECK(call("row_count", &Call::row_count, count), count);
    }
    CHECK(call("row_count", &Call::row_count, (size_t{1} << 32) - 1));
    for (const int32_t value : {-1, 3, INT32_MAX}) CHECK(option("metric", &Options::metric, value));
    for (const int32_t value : {1, 7, 16}) CHECK(option("query_bits", &Options::query_bits, value));
    for (const size_t value : {size_t{0}, (size_t{1} << 32) - 1, SIZE_MAX})
        CHECK(option("k", &Options::k, value), value);
    for (const size_t value : {(size_t{1} << 32) - kRows - 1, SIZE_MAX})
        CHECK(option("first_row", &Options::first_row, value), value);
    const Ids falling = {0, 2, 1, 2, 2, 2}, negative = {-1, 0, 0, 0, 0, 0},
              two = {0, 0, 0, 0, 0, 2};
    CHECK(option("exclude", &Options::exclude_offsets, falling.data()));
    CHECK(option("exclude", &Options::exclude_offsets, negative.data()));
    CHECK(option("exclude_ids", &Options::exclude_offsets, two.data()));
    CHECK(found == untouched);
    for (const float value : {NAN, INFINITY, 2e33F, 3e19F}) {
        const float kept = std::exchange(rows[9 * kDim + 2], value);
        vecq_exact_options far = plain;
        far.first_row = 1000;
        CHECK(no("rows", run(good, &far)) && std::strstr(error.message, "row 1009"), value);
        rows[9 * kDim + 2] = kept;
        const float asked = std::exchange(queries[3 * kDim + 2], value);
        far.first_query = 70;
        CHECK(no("queries", run(good, &far)) && std::strstr(error.message, "row 73"), value);
        queries[3 * kDim + 2] = asked;
        found = untouched;
    }
    CHECK(run({codec.own, nullptr, rows.data(), nullptr, nullptr, nullptr, 0}, &plain) == VECQ_OK);
    CHECK(run({codec.own, queries.data(), nullptr, nullptr, nullptr, nullptr, 5, 0}, &plain) ==
          VECQ_OK);
    CHECK(run(good, &plain) == VECQ_OK && found.counts == Ids(5, 3), error.message);
}

// Passes results of the first half of the rows, changed by the caller, to the second half.
TEST(abi_exact_refuses_results_that_no_block_wrote) {
    const Vector rows = random_vector(kRows * kDim, 7), queries = random_vector(5 * kDim, 8);
    const Codec codec(VECQ_INT8, kDim);
    constexpr size_t k = 3, half = kRows / 2;
    const Found first = search(codec, options_for(VECQ_IP, k), queries,
                               {rows.begin(), rows.begin() + half * kDim}, half);
    vecq_exact_options options = options_for(VECQ_IP, k);
    options.first_row = half;
    vecq_error error;
    const auto merge = [&](Found& found) {
        return vecq_exact(codec.own, &options, queries.data(), 5, rows.data() + half * kDim, half,
                          found.ids.data(), found.scores.data(), found.counts.data(), &error);
    };
    const auto refuses = [&](const char* argument, auto member, size_t at, auto value) {
        Found bad = first;
        (bad.*member)[at] = value;
        const Found before = bad;
        return merge(bad) == VECQ_INVALID_ARGUMENT && std::strcmp(error.argument, argument) == 0 &&
               std::strstr(error.message, argument) != nullptr && bad.ids == before.ids &&
               bad.counts == before.counts;
    };
    for (const int64_t count :
         {int64_t{-1}, int64_t{k + 1}, int64_t{1} << 32, INT64_MAX, INT64_MIN})
        for (const size_t query : {0, 4})
            CHECK(refuses("counts", &Found::counts, query, count), query, count);
    for (const int64_t id :
         {int64_t{-1}, (int64_t{1} << 32) - 2, (int64_t{1} << 32) + 7, INT64_MIN})
        for (const size_t at : {size_t{0}, 5 * k - 1})
            CHECK(refuses("ids", &Found::ids, at, id), at, id);
    CHECK(refuses("scores", &Found::scores, 4, NAN));
    // Entries beyond a count are not read.
    Found some = first, none = first;
    some.counts[2] = 1;
    some.ids[2 * k + 1] = -1;
    none.counts.assign(5, 0);
    none.ids.assign(5 * k, -1);
    CHECK(merge(some) == VECQ_OK && some.counts == Ids(5, k), error.message);
    CHECK(merge(none) == VECQ_OK && none.counts == Ids(5, k), error.message);
    Found merged = first;
    const Found whole = search(codec, options_for(VECQ_IP, k), queries, rows, kRows);
    CHECK(merge(merged) == VECQ_OK && merged.ids == whole.ids, error.message);
}
