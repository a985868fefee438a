// Selection and sorting, checked against the standard library.
#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "base/order.hpp"
#include "base/radix_sort.hpp"
#include "base/rng.hpp"
#include "check.hpp"

using namespace vecq;

namespace {

// Keys in random order with at most `distinct` different scores.
std::vector<Key> random_keys(size_t count, uint64_t distinct, Random& random) {
    std::vector<Key> keys;
    for (uint32_t i = 0; i < count; ++i)
        keys.push_back(key_of(static_cast<float>(random.below(distinct)) - 20, i));
    for (size_t i = count; i > 1; --i) std::swap(keys[i - 1], keys[random.below(i)]);
    return keys;
}

template <class T>
bool moves_least_to_front(std::vector<T> all, size_t kept) {
    std::vector<T> expected = all;
    std::sort(expected.begin(), expected.end());
    keep_least(std::span(all), kept);
    const auto end = all.begin() + static_cast<std::ptrdiff_t>(std::min(kept, all.size()));
    std::sort(all.begin(), end);
    std::sort(end, all.end());
    return all == expected;
}

bool sorts_keys(std::vector<Key> keys, std::vector<Key>& scratch) {
    std::vector<Key> expected = keys;
    std::sort(expected.begin(), expected.end());
    sort_keys(keys, scratch);
    return keys == expected;
}

// Sorts pairs of a key and their position, so that an unstable sort shows.
template <class K>
bool radix_sorts(const std::vector<K>& keys) {
    std::vector<std::pair<K, size_t>> elements, scratch;
    for (size_t i = 0; i < keys.size(); ++i) elements.emplace_back(keys[i], i);
    std::vector<std::pair<K, size_t>> expected = elements;
    std::sort(expected.begin(), expected.end());
    radix_sort(std::span(elements), scratch, [](const auto& element) { return element.first; });
    return elements == expected;
}

}  // namespace

TEST(keep_least_agrees_with_a_sort) {
    Random random(1);
    for (const size_t count : {0, 1, 2, 15, 16, 17, 64, 500, 3000})
        for (const uint64_t distinct : {1, 2, 50, 1'000'000})
            for (const size_t kept :
                 {size_t{0}, size_t{1}, count / 3, count - count / 9, count, count + 1}) {
                std::vector<Key> keys = random_keys(count, distinct, random);
                std::vector<float> scores;
                for (const Key key : keys) scores.push_back(score_of(key));
                CHECK(moves_least_to_front(keys, kept), count, distinct, kept);
                CHECK(moves_least_to_front(scores, kept), count, distinct, kept);
                std::sort(keys.begin(), keys.end());
                CHECK(moves_least_to_front(keys, kept), count, distinct, kept);
                std::reverse(keys.begin(), keys.end());
                CHECK(moves_least_to_front(keys, kept), count, distinct, kept);
            }
}

TEST(sort_keys_agrees_with_a_sort) {
    Random random(2);
    std::vector<Key> scratch;
    for (const size_t count : {0, 1, 2, 63, 64, 65, 1000, 70, 20'000})
        for (const uint64_t distinct : {1, 2, 50, 1'000'000}) {
            std::vector<Key> keys = random_keys(count, distinct, random);
            CHECK(sorts_keys(keys, scratch), count, distinct);
            std::sort(keys.begin(), keys.end(), std::greater<>());
            CHECK(sorts_keys(keys, scratch), count, distinct);
        }
}

TEST(radix_sort_is_stable_for_keys_of_any_pattern) {
    Random random(3);
    for (const size_t count : {0, 1, 2, 3, 255, 1000, 70'000})
        for (const int shift : {0, 7, 24, 31, 32, 48, 63})
            for (const uint64_t mask : {uint64_t{0}, uint64_t{3}, uint64_t{0xffff}, UINT64_MAX}) {
                std::vector<uint64_t> wide;
                std::vector<uint32_t> narrow;
                for (size_t i = 0; i < count; ++i) {
                    wide.push_back((random.next() & mask) << shift);
                    narrow.push_back(static_cast<uint32_t>(wide.back() >> 16));
                }
                CHECK(radix_sorts(wide), count, shift, mask);
                CHECK(radix_sorts(narrow), count, shift, mask);
            }
}
