// Agglomerative order: a permutation that keeps clusters together, whatever the order of the pairs.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <utility>
#include <vector>

#include "base/rng.hpp"
#include "build/agglomeration.hpp"
#include "check.hpp"

using namespace vecq;

namespace {

// Pairs each place of a line with its `near` nearest ones.
std::vector<NearPair> pairs_of(const std::vector<float>& places, size_t near) {
    std::vector<NearPair> pairs;
    for (uint32_t one = 0; one < places.size(); ++one) {
        std::vector<NearPair> own;
        for (uint32_t other = 0; other < places.size(); ++other)
            if (other != one) own.push_back({std::abs(places[one] - places[other]), one, other});
        std::ranges::sort(own);
        own.resize(std::min(near, own.size()));
        pairs.insert(pairs.end(), own.begin(), own.end());
    }
    return pairs;
}

bool is_permutation(std::vector<uint32_t> order, size_t count) {
    std::vector<uint32_t> all(count);
    std::iota(all.begin(), all.end(), 0);
    std::ranges::sort(order);
    return order == all;
}

}  // namespace

// Items of a cluster have the same number modulo the clusters.
TEST(agglomerative_order_keeps_clusters_together) {
    constexpr uint32_t clusters = 30, items = 30 * 17;
    Random random(1);
    std::vector<float> places(items);
    for (uint32_t i = 0; i < items; ++i)
        places[i] = static_cast<float>(1000 * (i % clusters) + random.below(100));
    std::vector<NearPair> pairs = pairs_of(places, 8);
    const std::vector<uint32_t> order = agglomerative_order(items, pairs);
    CHECK(is_permutation(order, items));
    size_t ends = 0;
    for (uint32_t i = 0; i + 1 < items; ++i) ends += order[i] % clusters != order[i + 1] % clusters;
    CHECK(ends == clusters - 1);
    for (size_t i = pairs.size(); i > 1; --i) std::swap(pairs[i - 1], pairs[random.below(i)]);
    CHECK(agglomerative_order(items, pairs) == order);
}

// Without gaps, single linkage would scatter neighbors over the whole order.
TEST(agglomerative_order_keeps_neighbors_near_without_clusters) {
    constexpr uint32_t items = 2000;
    Random random(2);
    std::vector<float> places(items);
    for (float& place : places) place = static_cast<float>(random.below(1 << 20));
    const std::vector<uint32_t> order = agglomerative_order(items, pairs_of(places, 4));
    CHECK(is_permutation(order, items));
    std::vector<uint32_t> ranks(items), by_place(items);
    for (uint32_t i = 0; i < items; ++i) ranks[order[i]] = i;
    std::iota(by_place.begin(), by_place.end(), 0);
    std::ranges::stable_sort(by_place, {}, [&](uint32_t i) { return places[i]; });
    size_t near = 0;
    for (uint32_t i = 0; i + 1 < items; ++i) {
        const auto difference = static_cast<int64_t>(ranks[by_place[i]]) - ranks[by_place[i + 1]];
        near += std::abs(difference) < 32;
    }
    CHECK(near > items * 9 / 10);
}

TEST(agglomerative_order_is_a_permutation_of_any_items) {
    CHECK(agglomerative_order(0, {}).empty());
    CHECK(agglomerative_order(1, {}) == std::vector<uint32_t>{0});
    CHECK(is_permutation(agglomerative_order(9, {}), 9));
    CHECK(is_permutation(agglomerative_order(3, {{0, 2, 2}, {1, 2, 0}, {1, 2, 0}}), 3));
}
