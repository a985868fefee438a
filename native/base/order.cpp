#include "base/order.hpp"

#include <cstdint>
#include <utility>

namespace vecq {
namespace {

constexpr size_t kDigits = 4, kDigitValues = 256;
constexpr int kScoreShift = 32;
// Fewer keys than this are sorted sooner by comparing them.
constexpr size_t kWorthCounting = 64;

size_t digit_of(Key key, size_t digit) { return key >> (kScoreShift + 8 * digit) & 0xff; }

// Equal scores are rare, and left in no order by digits of scores alone.
void sort_equals(std::span<Key> keys) {
    for (size_t first = 0; first < keys.size();) {
        size_t last = first + 1;
        while (last < keys.size() && keys[last] >> kScoreShift == keys[first] >> kScoreShift)
            ++last;
        if (last - first > 1) std::sort(&keys[first], &keys[first] + (last - first));
        first = last;
    }
}

}  // namespace

void sort_keys(std::span<Key> keys, std::vector<Key>& room) {
    if (keys.size() < kWorthCounting) return std::sort(keys.begin(), keys.end());
    uint32_t counts[kDigits][kDigitValues] = {};
    for (const Key key : keys)
        for (size_t digit = 0; digit < kDigits; ++digit) ++counts[digit][digit_of(key, digit)];
    room.resize(std::max(room.size(), keys.size()));
    std::span<Key> from = keys, to = std::span(room).first(keys.size());
    for (size_t digit = 0; digit < kDigits; ++digit) {
        uint32_t* places = counts[digit];
        if (places[digit_of(keys.front(), digit)] == keys.size()) continue;  // all alike
        uint32_t sum = 0;
        for (size_t value = 0; value < kDigitValues; ++value)
            sum += std::exchange(places[value], sum);
        for (const Key key : from) to[places[digit_of(key, digit)]++] = key;
        std::swap(from, to);
    }
    if (from.data() != keys.data()) std::copy(from.begin(), from.end(), keys.begin());
    sort_equals(keys);
}

}  // namespace vecq
