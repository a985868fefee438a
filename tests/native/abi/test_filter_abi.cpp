// Filters and exclusions through the ABI: allowed items, results and refused arguments.
#include <algorithm>
#include <cstring>
#include <set>
#include <vector>

#include "check.hpp"
#include "filters.hpp"
#include "indexes.hpp"
#include "random_vector.hpp"
#include "vecq.h"

using namespace indexes;
using samples::random_vector;

namespace {

constexpr size_t kDim = 16, kRows = 300;
constexpr int32_t kPlans[] = {VECQ_PLAN_WALK, VECQ_PLAN_STEP_OVER, VECQ_PLAN_SCAN, VECQ_PLAN_AUTO};

struct Sample {
    Codec codec{VECQ_INT8, kDim};
    Vector vectors = random_vector(kRows * kDim, 1), queries = random_vector(5 * kDim, 2);
    Index index;
    explicit Sample(int32_t metric = VECQ_L2) : index(options_of(metric), codec) {
        CHECK(index.add(vectors), index.error.message);
    }
    // Whether each plan finds exactly these ids.
    bool finds(const Filter& filter, const std::set<int64_t>& expected) const {
        bool right = filter.count() == expected.size();
        for (const int32_t plan : kPlans) {
            vecq_search_options options = search_of(kRows + 100, 1);
            options.plan = plan;
            options.filter = filter.own;
            const Found found = index.search(queries, options);
            for (size_t q = 0; q < found.counts.size(); ++q) {
                const auto from = found.ids.begin() + static_cast<ptrdiff_t>(q * options.k);
                const std::set<int64_t> mine(from, from + found.counts[q]);
                right = right && mine == expected &&
                        mine.size() == static_cast<size_t>(found.counts[q]);
            }
        }
        return right;
    }
};

}  // namespace

TEST(abi_filters_allow_items_that_are_allowed_and_not_denied) {
    for (const int32_t metric : kMetrics) {
        const Sample s(metric);
        const Ids some = {5, 5, 299, 0, 64, 300, -1, INT64_MIN, INT64_MAX}, none;
        std::vector<uint8_t> mask(kRows);
        std::set<int64_t> all, masked;
        for (int64_t id = 0; id < static_cast<int64_t>(kRows); ++id) {
            all.insert(id);
            if (id % 3 == 0) masked.insert(id);
            mask[static_cast<size_t>(id)] = id % 3 == 0 ? 255 : 0;
        }
        const vecq_choice ids = ids_of(some), flags = mask_of(mask), nothing = ids_of(none);
        const auto absent = sized<vecq_choice>();
        CHECK(s.finds(Filter(s.index, nullptr, nullptr), all), metric);
        CHECK(s.finds(Filter(s.index, &ids, nullptr), {0, 5, 64, 299}), metric);
        CHECK(s.finds(Filter(s.index, &flags, nullptr), masked), metric);
        CHECK(s.finds(Filter(s.index, &ids, &flags), {5, 64, 299}), metric);
        CHECK(s.finds(Filter(s.index, &flags, &flags), {}), metric);
        CHECK(s.finds(Filter(s.index, &nothing, nullptr), {}), metric);
        CHECK(s.finds(Filter(s.index, &absent, nullptr), {}), metric);
        CHECK(s.finds(Filter(s.index, nullptr, &nothing), all), metric);
        const Filter few(s.index, &ids, nullptr), thirds(s.index, &flags, nullptr);
        const vecq_choice first = passing(few), second = passing(thirds);
        CHECK(s.finds(Filter(s.index, &first, &second), {5, 64, 299}), metric);
        CHECK(s.finds(Filter(s.index, &second, &ids),
                      [&] {
                          std::set<int64_t> rest = masked;
                          rest.erase(0);
                          return rest;
                      }()),
              metric);
    }
}

TEST(abi_filters_include_later_items) {
    Sample s;
    const Ids some = {1, 2, 3};
    const vecq_choice ids = ids_of(some);
    const Filter only(s.index, &ids, nullptr), but(s.index, nullptr, &ids);
    const vecq_choice those = passing(only), others = passing(but);
    const Filter twice(s.index, &others, &those), back(s.index, nullptr, &others);
    for (const size_t rows : {kRows, kRows + 1, kRows + 64, kRows + 65}) {
        const size_t more = rows - s.index.size();
        CHECK(s.index.add(random_vector(more * kDim, rows)), rows);
        CHECK(only.count() == 3 && back.count() == 3, rows, only.count(), back.count());
        CHECK(but.count() == rows - 3 && twice.count() == rows - 3, rows, but.count());
        CHECK(s.finds(only, {1, 2, 3}) && s.finds(back, {1, 2, 3}), rows);
    }
}

TEST(abi_filters_refuse) {
    const Sample s, other;
    const std::vector<uint8_t> mask(kRows + 1, 1);
    const vecq_choice nothing{sizeof nothing, nullptr, nullptr, nullptr, 3};
    const vecq_choice endless{sizeof endless, nullptr, mask.data(), nullptr, SIZE_MAX};
    const Filter foreign(other.index, nullptr, nullptr);
    const vecq_choice theirs = passing(foreign);
    vecq_choice flags = mask_of(mask);
    for (const size_t count : {size_t{0}, size_t{1}, kRows - 1, kRows + 1}) {
        flags.count = count;
        CHECK(Filter(s.index, &flags, nullptr).refused("allow"), count);
        CHECK(Filter(s.index, nullptr, &flags).refused("deny"), count);
    }
    for (const vecq_choice& bad : {nothing, endless, theirs}) {
        CHECK(Filter(s.index, &bad, nullptr).refused("allow"));
        CHECK(Filter(s.index, nullptr, &bad).refused("deny"));
    }
    vecq_filter* filter = nullptr;
    vecq_error error;
    size_t count = 0;
    const auto no = [&](const char* argument, vecq_status status) {
        return status == VECQ_INVALID_ARGUMENT && std::strcmp(error.argument, argument) == 0;
    };
    CHECK(no("index", vecq_filter_open(nullptr, nullptr, nullptr, &filter, &error)));
    CHECK(no("filter", vecq_filter_open(s.index.own, nullptr, nullptr, nullptr, &error)));
    CHECK(no("filter", vecq_filter_count(nullptr, &count, &error)));
    CHECK(no("count", vecq_filter_count(foreign.own, nullptr, &error)));
    vecq_filter_close(nullptr);
    Found found = s.index.search(s.queries, search_of(3));
    vecq_search_options options = search_of(3);
    options.filter = foreign.own;
    CHECK(
        no("filter", vecq_index_search(s.index.own, &options, s.queries.data(), 5, found.ids.data(),
                                       found.scores.data(), found.counts.data(), nullptr, &error)));
}

TEST(abi_exclusions_are_applied_or_refused) {
    const Sample s;
    const Ids seen = {9, 9, 9, 0, 1, 2, 3, 4, 5, 6, 299, 300, -4};
    for (const int32_t plan : kPlans) {
        vecq_search_options options = search_of(kRows, 1);
        options.plan = plan;
        const Ids offsets = {2, 2, 3, 10, 13, 13};
        options.exclude_offsets = offsets.data();
        options.exclude_ids = seen.data();
        const Found found = s.index.search(s.queries, options);
        CHECK(found.status == VECQ_OK && found.counts == Ids({300, 299, 293, 299, 300}), plan);
        for (size_t q = 0; q < 5; ++q)
            for (int64_t i = offsets[q]; i < offsets[q + 1]; ++i) {
                const auto from = found.ids.begin() + static_cast<ptrdiff_t>(q * kRows);
                const int64_t id = seen[static_cast<size_t>(i)];
                CHECK(std::count(from, from + found.counts[q], id) == 0, plan, q, id);
            }
    }
    vecq_search_options options = search_of(3);
    for (const Ids& offsets : {Ids{-1, 0, 0, 0, 0, 0}, Ids{0, 3, 2, 3, 3, 3}, Ids{0, 0, 0, 0, 9, 8},
                               Ids{0, INT64_MAX, INT64_MIN, 0, 0, 0}}) {
        options.exclude_offsets = offsets.data();
        options.exclude_ids = seen.data();
        CHECK(s.index.search(s.queries, options).status == VECQ_INVALID_ARGUMENT, offsets[1]);
    }
    const Ids nothing(6), something = {0, 0, 0, 0, 0, 1};
    options.exclude_ids = nullptr;
    options.exclude_offsets = nothing.data();
    CHECK(s.index.search(s.queries, options).status == VECQ_OK);
    options.exclude_offsets = something.data();
    CHECK(s.index.search(s.queries, options).status == VECQ_INVALID_ARGUMENT);
}

TEST(abi_search_reports_its_work) {
    const Sample s;
    const Ids some = {1, 2, 3};
    const vecq_choice ids = ids_of(some);
    const Filter three(s.index, &ids, nullptr);
    Found found = s.index.search(s.queries, search_of(3));
    for (const int32_t plan : kPlans)
        for (const vecq_filter* filter : {static_cast<const vecq_filter*>(nullptr),
                                          static_cast<const vecq_filter*>(three.own)}) {
            vecq_search_options options = search_of(3);
            options.plan = plan;
            options.filter = filter;
            auto report = sized<vecq_search_report>();
            CHECK(vecq_index_search(s.index.own, &options, s.queries.data(), 5, found.ids.data(),
                                    found.scores.data(), found.counts.data(), &report,
                                    nullptr) == VECQ_OK);
            const int32_t taken = plan == VECQ_PLAN_AUTO ? int32_t{VECQ_PLAN_SCAN} : plan;
            CHECK(report.plan == taken, plan, report.plan);  // small indexes are always scanned
            CHECK(report.allowed_rows == (filter == nullptr ? kRows : 3), plan,
                  report.allowed_rows);
            CHECK(report.scored_rows > 0, plan);
            CHECK((report.hops == 0) == (taken == VECQ_PLAN_SCAN), plan, report.hops);
        }
}

TEST(abi_ids_are_copied_if_capacity_suffices) {
    const Sample s;
    Ids ids(kRows + 5, -7);
    vecq_error error;
    size_t count = 0;
    CHECK(vecq_index_ids(s.index.own, ids.data(), kRows - 1, &count, nullptr) == VECQ_OK);
    CHECK(count == kRows && std::count(ids.begin(), ids.end(), -7) == kRows + 5);
    CHECK(vecq_index_ids(s.index.own, nullptr, 0, &count, nullptr) == VECQ_OK && count == kRows);
    CHECK(vecq_index_ids(s.index.own, ids.data(), ids.size(), &count, nullptr) == VECQ_OK);
    CHECK(count == kRows && ids[0] == 0 && ids[kRows - 1] == kRows - 1 && ids[kRows] == -7);
    const auto no = [&](const char* argument, vecq_status status) {
        return status == VECQ_INVALID_ARGUMENT && std::strcmp(error.argument, argument) == 0;
    };
    CHECK(no("index", vecq_index_ids(nullptr, ids.data(), 9, &count, &error)));
    CHECK(no("ids", vecq_index_ids(s.index.own, nullptr, 9, &count, &error)));
    CHECK(no("capacity", vecq_index_ids(s.index.own, ids.data(), SIZE_MAX, &count, &error)));
    CHECK(no("count", vecq_index_ids(s.index.own, ids.data(), kRows, nullptr, &error)));
}
