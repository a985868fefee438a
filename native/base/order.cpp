// Sorts keys: a radix sort by score, then by node among equal scores.
#include "base/order.hpp"

#include "base/radix_sort.hpp"

namespace vecq {
namespace {

constexpr int kScoreShift = 32;
// Below this number a comparison sort is faster.
constexpr size_t kRadixMinKeys = 64;

uint32_t score_bits(Key key) { return static_cast<uint32_t>(key >> kScoreShift); }

// Sorts each run of equal scores by node. Such runs are rare.
void sort_ties(std::span<Key> keys) {
    for (size_t first = 0; first < keys.size();) {
        size_t last = first + 1;
        while (last < keys.size() && score_bits(keys[last]) == score_bits(keys[first])) ++last;
        if (last - first > 1) std::sort(&keys[first], &keys[first] + (last - first));
        first = last;
    }
}

}  // namespace

void sort_keys(std::span<Key> keys, std::vector<Key>& scratch) {
    if (keys.size() < kRadixMinKeys) return std::sort(keys.begin(), keys.end());
    radix_sort(keys, scratch, [](Key key) { return score_bits(key); });
    sort_ties(keys);
}

}  // namespace vecq
