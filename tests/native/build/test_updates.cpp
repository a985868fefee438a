// Additions, updates and removals of items over many rounds.
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

// The expected contents of an index.
class Contents {
public:
    std::map<int64_t, Vector> items;

    void put(const Ids& ids, const Vector& vectors) {
        for (size_t i = 0; i < ids.size(); ++i)
            items[ids[i]] = Vector(vectors.begin() + static_cast<ptrdiff_t>(i * kDim),
                                   vectors.begin() + static_cast<ptrdiff_t>((i + 1) * kDim));
    }
    Ids sample_ids(Random& random, size_t count) const {
        Ids ids;
        for (const auto& item : items) ids.push_back(item.first);
        for (size_t i = 0; i < std::min(count, ids.size()); ++i)
            std::swap(ids[i], ids[i + random.below(ids.size() - i)]);
        ids.resize(std::min(count, ids.size()));
        return ids;
    }
    // The fraction of items that a walk finds by their own vectors.
    double self_recall(const Index& index, size_t ef) const {
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

TEST(updates_keep_an_index_valid_over_many_rounds) {
    constexpr size_t rows = 600, rounds = 12;
    const Codec codec(VECQ_INT8, kDim);
    for (const int32_t metric : kMetrics)
        for (const int32_t link : {VECQ_LINK_AUTO, VECQ_LINK_METRIC}) {
            Random random(1);
            Index index(options_of(metric, link), codec);
            Contents expected;
            const Vector vectors = random_vector(rows * kDim, 1);
            CHECK(index.add(vectors), metric);
            expected.put(numbers(0, rows), vectors);
            for (size_t round = 0; round < rounds; ++round) {
                const Ids removed = expected.sample_ids(random, 100);
                CHECK(index.remove(removed) == VECQ_OK, metric, round, index.error.message);
                for (const int64_t id : removed) expected.items.erase(id);
                const Ids changed = expected.sample_ids(random, 100);
                const Vector others = random_vector(200 * kDim, 10 + round);
                const Vector half(others.begin(), others.begin() + 100 * kDim);
                const Vector rest(others.begin() + 100 * kDim, others.end());
                CHECK(index.update(half, changed), metric, round, index.error.message);
                expected.put(changed, half);
                const Ids fresh = numbers(static_cast<int64_t>(rows + 100 * round), 100);
                CHECK(index.add(rest, fresh), metric, round, index.error.message);
                expected.put(fresh, rest);
                std::string problem;
                CHECK(problems_of(index.own, &problem) == 0, metric, round, problem);
                CHECK(index.size() == rows && index.stats().rows == rows, metric, round);
            }
            CHECK(index.stats().free_slots < rows / 2, index.stats().free_slots);
            for (const auto& [id, vector] : expected.items) CHECK(index.holds(id), id);
            if (metric != VECQ_IP)
                CHECK(expected.self_recall(index, 100) > 0.99, expected.self_recall(index, 100));
        }
}

TEST(removing_all_items_resets_the_index) {
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

TEST(unknown_and_repeated_ids_are_refused) {
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

// Each addition fills the slot that was just freed, if possible.
TEST(freed_slots_are_reused_at_once) {
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

TEST(files_keep_vacant_slots) {
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

namespace {

// Imports an l2 graph of one layer over values of one dimension, with row 0 as entry point.
void import_graph(Index& index, const Vector& values,
                  const std::vector<std::vector<uint32_t>>& lists, size_t width) {
    const std::vector<uint8_t> levels(values.size());
    std::vector<uint32_t> links(values.size() * width, UINT32_MAX);
    for (size_t row = 0; row < lists.size(); ++row)
        std::copy(lists[row].begin(), lists[row].end(),
                  links.begin() + static_cast<ptrdiff_t>(row * width));
    CHECK(index.stage(values) == VECQ_OK, index.error.message);
    CHECK(vecq_index_import_levels(index.own, levels.data(), levels.size(), nullptr) == VECQ_OK);
    CHECK(vecq_index_import_links(index.own, 0, 0, values.size(), links.data(), width,
                                  &index.error) == VECQ_OK,
          index.error.message);
    CHECK(vecq_index_import_adopt(index.own, 0, nullptr) == VECQ_OK);
    CHECK(index.settle() == VECQ_OK);
}

}  // namespace

// Two rows that link to each other are reachable only from one of many near rows, all of which are
// removed. Other rows still link to the removed ones, so that a walk for the two finds these first.
TEST(unreachable_rows_are_attached_where_removed_rows_lie_nearer) {
    for (const size_t hubs : {1, 100}) {
        const size_t degree = hubs == 1 ? 400 : 8, near = hubs * (degree - 1);
        const auto first = static_cast<uint32_t>(hubs), a = static_cast<uint32_t>(hubs + near);
        Vector values;
        std::vector<std::vector<uint32_t>> lists(a + 2);
        for (uint32_t hub = 0, next = first; hub < hubs; ++hub) {
            values.push_back(1000 - static_cast<float>(hub));
            for (size_t i = 1; i < degree; ++i) lists[hub].push_back(next++);
            if (hub + 1 < hubs) lists[hub].push_back(hub + 1);
        }
        for (size_t i = 0; i < near; ++i) values.push_back(static_cast<float>(i % 50) / 50);
        values.insert(values.end(), {0, 0});
        lists[first] = {a};
        lists[a] = {a + 1};
        lists[a + 1] = {a};
        const Codec codec(VECQ_FP32, 1);
        Index index(
            {sizeof(vecq_index_options), VECQ_L2, VECQ_LINK_AUTO, degree / 2, 1, 1, nullptr, 0},
            codec);
        import_graph(index, values, lists, degree);
        CHECK(index.stats().unreachable == 0 && problems_of(index.own) == 0, hubs);
        CHECK(index.remove(numbers(first, near)) == VECQ_OK, index.error.message);
        std::string problem;
        CHECK(problems_of(index.own, &problem) == 0, hubs, problem);
        CHECK(index.size() == hubs + 2 && index.stats().unreachable == 0, hubs);
    }
}

namespace {

// An index under random changes: few dimensions, many duplicates, lists of four links selected from
// a single candidate.
class History {
public:
    explicit History(uint64_t seed)
        : random_(seed),
          dim_(1 + seed % 3),
          metric_(kMetrics[seed / 3 % 3]),
          has_global_scale_(random_.below(2) == 0),
          codec_(VECQ_INT8, dim_, has_global_scale_ ? VECQ_SCALE_GLOBAL : VECQ_SCALE_VECTOR),
          rerank_(VECQ_FP32, dim_),
          largest_(1 + random_.below(seed % 100 == 0 ? 10'000 : 150)),
          index_({sizeof(vecq_index_options), metric_, VECQ_LINK_AUTO, 2, 1, seed, nullptr, 0},
                 codec_, &rerank_) {}

    // Changes the index at random. Returns the name of the change, or an empty string if it failed.
    std::string step() {
        if (has_global_scale_ && index_.size() == 0) index_.fit(values(20));
        const size_t held = held_.size(), choice = random_.below(12);
        if (held == 0 || (choice < 4 && held < 2 * largest_)) {
            const Ids fresh = numbers(next_, 1 + random_.below(largest_));
            next_ += static_cast<int64_t>(fresh.size());
            held_.insert(held_.end(), fresh.begin(), fresh.end());
            return index_.add(values(fresh.size()), fresh) ? "add" : "";
        }
        if (choice < 7) {
            const Ids changed = pick();
            return index_.update(values(changed.size()), changed) ? "update" : "";
        }
        if (choice < 10) {
            const Ids removed = pick();
            held_.erase(held_.begin(), held_.begin() + static_cast<ptrdiff_t>(removed.size()));
            return index_.remove(removed) == VECQ_OK ? "remove" : "";
        }
        const bool compact = choice == 10;
        const MakeTask make = compact ? vecq_task_compact : vecq_task_refit;
        if (rebuild(index_.own, make, &index_.error) != VECQ_OK) return "";
        return compact ? "compact" : "refit";
    }

    const Index& index() const { return index_; }
    size_t held() const { return held_.size(); }
    int32_t metric() const { return metric_; }

private:
    Vector values(size_t count) {
        Vector vectors(count * dim_);
        for (float& value : vectors) value = static_cast<float>(random_.below(7)) - 3;
        if (random_.below(8) == 0)
            for (float& value : vectors) value *= 100;
        if (random_.below(4) == 0)
            for (float& value : vectors) value += static_cast<float>(random_.below(1000)) / 1000;
        return vectors;
    }
    // Picks ids at random, often one and rarely all, and moves them to the front of held_.
    Ids pick() {
        const size_t limits[] = {1, 1, 3, 20, held_.size()};
        const size_t count = 1 + random_.below(std::min(held_.size(), limits[random_.below(5)]));
        for (size_t i = 0; i < count; ++i)
            std::swap(held_[i], held_[i + random_.below(held_.size() - i)]);
        return {held_.begin(), held_.begin() + static_cast<ptrdiff_t>(count)};
    }

    Random random_;
    size_t dim_;
    int32_t metric_;
    bool has_global_scale_;
    Codec codec_, rerank_;
    size_t largest_;
    Index index_;
    Ids held_;
    int64_t next_ = 0;
};

}  // namespace

// Small graphs are repaired after every change, and all graphs by compaction. In larger ones one
// row in 64 may be unreachable after a few changes, which check() accepts.
TEST(random_changes_keep_all_items_reachable) {
    for (uint64_t seed = 0; seed < (check::kIsEmulated ? 100 : 400); ++seed) {
        History history(seed);
        for (int step = 0; step < 25; ++step) {
            const std::string done = history.step();
            const Index& index = history.index();
            CHECK(!done.empty(), seed, step, index.error.message);
            CHECK(index.size() == history.held(), seed, step, done);
            const vecq_index_stats stats = index.stats();
            const size_t extent = stats.rows + stats.free_slots;
            std::string problem;
            const size_t problems = problems_of(index.own, &problem);
            if (extent <= 8192 || done == "compact")
                CHECK(problems == 0 && stats.unreachable == 0, seed, step, done, extent, problem);
            else
                CHECK(problems == (stats.unreachable > extent / 64 ? stats.unreachable : 0), seed,
                      step, done, extent, stats.unreachable, problem);
        }
    }
}

// A caller may stop between steps, and a change in between restarts the pass.
TEST(graph_repair_runs_in_steps) {
    constexpr size_t rows = 20'000, dim = 8;
    const Codec codec(VECQ_INT8, dim);
    Index index(options_of(VECQ_L2), codec);
    CHECK(index.add(random_vector(rows * dim, 1)), index.error.message);
    const Ids removed = numbers(0, 1000), last = numbers(1000, 1);
    const auto remove = [&](const Ids& ids) {
        return vecq_index_remove(index.own, ids.data(), ids.size(), nullptr);
    };
    size_t done = 0, total = 0, steps = 0;
    CHECK(remove(removed) == VECQ_OK);
    CHECK(vecq_index_repair(index.own, 1, &done, &total, nullptr) == VECQ_OK && done < total);
    CHECK(remove(last) == VECQ_OK);
    do {
        CHECK(vecq_index_repair(index.own, 2, &done, &total, nullptr) == VECQ_OK);
    } while (++steps < 10'000 && done < total);
    CHECK(steps > 1 && done == total, steps);
    CHECK(index.stats().unreachable == 0 && problems_of(index.own) == 0);
    CHECK(vecq_index_repair(index.own, 1, &done, &total, nullptr) == VECQ_OK && total == 0);
}
