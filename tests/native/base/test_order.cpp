// Selecting and sorting against the standard library.
#include <algorithm>
#include <functional>
#include <vector>

#include "base/order.hpp"
#include "base/rng.hpp"
#include "check.hpp"

using namespace vecq;

namespace {

// Of `kinds` different scores.
std::vector<Key> some_keys(size_t count, uint64_t kinds, Random& random) {
    std::vector<Key> keys;
    for (uint32_t i = 0; i < count; ++i)
        keys.push_back(key_of(static_cast<float>(random.below(kinds)) - 20, i));
    for (size_t i = count; i > 1; --i) std::swap(keys[i - 1], keys[random.below(i)]);
    return keys;
}

template <class T>
bool keeps_the_least(std::vector<T> all, size_t kept) {
    std::vector<T> expected = all;
    std::sort(expected.begin(), expected.end());
    keep_least(std::span(all), kept);
    const auto end = all.begin() + static_cast<std::ptrdiff_t>(std::min(kept, all.size()));
    std::sort(all.begin(), end);
    std::sort(end, all.end());
    return all == expected;
}

bool is_sorted_by(std::vector<Key> keys, std::vector<Key>& room) {
    std::vector<Key> expected = keys;
    std::sort(expected.begin(), expected.end());
    sort_keys(keys, room);
    return keys == expected;
}

}  // namespace

TEST(least_is_kept) {
    Random random(1);
    for (const size_t count : {0, 1, 2, 15, 16, 17, 64, 500, 3000})
        for (const uint64_t kinds : {1, 2, 50, 1'000'000})
            for (const size_t kept :
                 {size_t{0}, size_t{1}, count / 3, count - count / 9, count, count + 1}) {
                std::vector<Key> keys = some_keys(count, kinds, random);
                std::vector<float> scores;
                for (const Key key : keys) scores.push_back(score_of(key));
                CHECK(keeps_the_least(keys, kept), count, kinds, kept);
                CHECK(keeps_the_least(scores, kept), count, kinds, kept);
                std::sort(keys.begin(), keys.end());
                CHECK(keeps_the_least(keys, kept), count, kinds, kept);
                std::reverse(keys.begin(), keys.end());
                CHECK(keeps_the_least(keys, kept), count, kinds, kept);
            }
}

TEST(keys_are_sorted) {
    Random random(2);
    std::vector<Key> room;
    for (const size_t count : {0, 1, 2, 63, 64, 65, 1000, 70, 20'000})
        for (const uint64_t kinds : {1, 2, 50, 1'000'000}) {
            std::vector<Key> keys = some_keys(count, kinds, random);
            CHECK(is_sorted_by(keys, room), count, kinds);
            std::sort(keys.begin(), keys.end(), std::greater<>());
            CHECK(is_sorted_by(keys, room), count, kinds);
        }
}
