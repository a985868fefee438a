// Items that go, change and come again.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "base/rng.hpp"
#include "check.hpp"
#include "files.hpp"
#include "vecq.h"

using namespace files;
using samples::random_vector;
using vecq::Random;

namespace {

constexpr size_t kDim = 16;

// What an index should hold.
class Held {
public:
    std::map<int64_t, Vector> items;

    void put(const Ids& ids, const Vector& vectors) {
        for (size_t i = 0; i < ids.size(); ++i)
            items[ids[i]] = Vector(vectors.begin() + static_cast<ptrdiff_t>(i * kDim),
                                   vectors.begin() + static_cast<ptrdiff_t>((i + 1) * kDim));
    }
    Ids some(Random& random, size_t count) const {
        Ids ids;
        for (const auto& item : items) ids.push_back(item.first);
        for (size_t i = 0; i < std::min(count, ids.size()); ++i)
            std::swap(ids[i], ids[i + random.below(ids.size() - i)]);
        ids.resize(std::min(count, ids.size()));
        return ids;
    }
    // How many are found by a walk for their own vectors.
    double found(const Index& index, size_t ef) const {
        size_t hits = 0;
        for (const auto& [id, vector] : items)
            hits += index.search(vector, search_of(1, ef)).ids[0] == id;
        return static_cast<double>(hits) / static_cast<double>(items.size());
    }
};

Ids numbers(int64_t first, size_t count) {
    Ids ids(count);
    for (size_t i = 0; i < count; ++i) ids[i] = first + static_cast<int64_t>(i);
    return ids;
}

}  // namespace

TEST(living_items_are_replaced_again_and_again) {
    constexpr size_t rows = 600, rounds = 12;
    const Codec codec(VECQ_INT8, kDim);
    for (const int32_t metric : kMetrics)
        for (const int32_t link : {VECQ_LINK_AUTO, VECQ_LINK_METRIC}) {
            Random random(1);
            Index index(options_of(metric, link), codec);
            Held held;
            const Vector vectors = random_vector(rows * kDim, 1);
            CHECK(index.add(vectors), metric);
            held.put(numbers(0, rows), vectors);
            for (size_t round = 0; round < rounds; ++round) {
                const Ids gone = held.some(random, 100);
                CHECK(index.remove(gone) == VECQ_OK, metric, round, index.error.message);
                for (const int64_t id : gone) held.items.erase(id);
                const Ids changed = held.some(random, 100);
                const Vector others = random_vector(200 * kDim, 10 + round);
                const Vector half(others.begin(), others.begin() + 100 * kDim);
                const Vector rest(others.begin() + 100 * kDim, others.end());
                CHECK(index.update(half, changed), metric, round, index.error.message);
                held.put(changed, half);
                const Ids fresh = numbers(static_cast<int64_t>(rows + 100 * round), 100);
                CHECK(index.add(rest, fresh), metric, round, index.error.message);
                held.put(fresh, rest);
                std::string problem;
                CHECK(problems_of(index.own, &problem) == 0, metric, round, problem);
                CHECK(index.size() == rows && index.stats().rows == rows, metric, round);
            }
            CHECK(index.stats().free_slots < rows / 2, index.stats().free_slots);
            for (const auto& [id, vector] : held.items) CHECK(index.holds(id), id);
            if (metric != VECQ_IP) CHECK(held.found(index, 100) > 0.99, held.found(index, 100));
        }
}

TEST(living_items_may_all_go) {
    const Codec codec(VECQ_INT8, kDim);
    for (const int32_t metric : kMetrics)
        for (const size_t rows : {1, 2, 300}) {
            Index index(options_of(metric), codec);
            const Vector vectors = random_vector(rows * kDim, 1), query = random_vector(kDim, 2);
            for (int round = 0; round < 3; ++round) {
                CHECK(index.add(vectors, numbers(0, rows)), metric, rows, index.error.message);
                for (int64_t id = 0; id < static_cast<int64_t>(rows); ++id) {
                    CHECK(index.remove({id}) == VECQ_OK && !index.holds(id), metric, id);
                    if (id % 20 == 0) CHECK(problems_of(index.own) == 0, metric, rows, id);
                    const Found found = index.search(query, search_of(3));
                    const auto left = static_cast<int64_t>(rows) - 1 - id;
                    CHECK(found.counts[0] == std::min<int64_t>(3, left), metric, rows, id);
                }
                CHECK(index.size() == 0 && index.stats().rows == 0, metric, rows);
            }
        }
}

TEST(living_items_are_refused_unless_they_are_there) {
    const Codec codec(VECQ_INT8, kDim);
    const Vector vectors = random_vector(20 * kDim, 1);
    Index index(options_of(VECQ_L2), codec);
    CHECK(index.remove({1}) == VECQ_INVALID_ARGUMENT && index.remove({}) == VECQ_OK);
    CHECK(index.add(vectors));
    for (const Ids& ids : {Ids{20}, Ids{-1}, Ids{3, 99}, Ids{3, 4, 3}}) {
        CHECK(index.remove(ids) == VECQ_INVALID_ARGUMENT && index.size() == 20, ids[0]);
        CHECK(std::string(index.error.argument) == "ids", index.error.argument);
    }
    CHECK(index.stage(vectors) == VECQ_OK && index.remove({1}) == VECQ_INVALID_ARGUMENT);
    CHECK(index.settle() == VECQ_OK && index.remove({1}) == VECQ_OK);
    CHECK(index.remove({1}) == VECQ_INVALID_ARGUMENT);
    const Vector two = random_vector(2 * kDim, 2);
    CHECK(!index.update(two, {5, 5}) && index.size() == 19, index.error.message);
    CHECK(!index.update(two, {70, 70}) && index.size() == 19 && !index.holds(70));
    CHECK(index.update(two, {5, 70}) && index.size() == 20 && index.holds(70));
    CHECK(index.stage(two, {5, 71}) == VECQ_INVALID_ARGUMENT && index.settle() == VECQ_OK);
}

// The slot that is filled next is the one that was just left, as often as there can be.
TEST(living_slots_are_used_again_at_once) {
    const Codec codec(VECQ_INT8, kDim);
    for (const int32_t metric : kMetrics) {
        Index index(options_of(metric), codec);
        CHECK(index.add(random_vector(8 * kDim, 1)));
        for (int64_t id = 8; id < 200; ++id) {
            const Vector one = random_vector(kDim, static_cast<uint64_t>(id));
            CHECK(index.remove({id - 8}) == VECQ_OK && index.add(one, {id}), metric, id);
            const Found found = index.search(one, search_of(8, 8));
            CHECK(found.counts[0] == 8 && index.size() == 8, metric, id);
            CHECK(std::ranges::find(found.ids, id) != found.ids.end(), metric, id);
            CHECK(problems_of(index.own) == 0, metric, id);
        }
        CHECK(index.stats().free_slots <= 1, index.stats().free_slots);
    }
}

TEST(living_items_are_what_a_file_keeps) {
    const Folder folder;
    const std::string path = folder / "a.vecq";
    const Codec codec(VECQ_INT8, kDim);
    for (const int32_t metric : kMetrics) {
        Index index(options_of(metric), codec);
        const Vector vectors = random_vector(200 * kDim, 1), queries = random_vector(9 * kDim, 2);
        CHECK(index.add(vectors) && index.remove(numbers(20, 50)) == VECQ_OK);
        CHECK(save(index.own, path) == VECQ_OK);
        Opened opened(path, true);
        const vecq_search_options all = search_of(200);
        CHECK(opened.search(queries, all) == index.search(queries, all), metric);
        CHECK(!opened.holds(20) && opened.holds(19) && problems_of(opened.own) == 0);
        CHECK(opened.add(vectors) && opened.size() == 350, metric, opened.error.message);
        CHECK(opened.remove({199}) == VECQ_OK && problems_of(opened.own) == 0, metric);
        CHECK(Opened(path).remove({0}) == VECQ_READ_ONLY);
    }
}
