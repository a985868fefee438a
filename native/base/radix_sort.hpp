// A stable radix sort by unsigned keys, from the lowest byte to the highest: linear in the number
// of elements and free of unpredictable branches.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace vecq {

// Sorts fewer than 2^32 elements by key_of(element), a uint32_t or uint64_t, ascending. Equal keys
// keep their order. Bytes that are the same in all keys cost no pass. `scratch` grows to the number
// of elements and may be reused.
template <class T, class KeyOf>
void radix_sort(std::span<T> elements, std::vector<T>& scratch, KeyOf&& key_of) {
    using RadixKey = std::invoke_result_t<KeyOf&, const T&>;
    static_assert(std::is_unsigned_v<RadixKey>);
    constexpr size_t kDigits = sizeof(RadixKey), kDigitValues = 256;
    const auto digit_of = [](RadixKey key, size_t digit) -> size_t {
        return key >> (8 * digit) & (kDigitValues - 1);
    };
    if (elements.size() < 2) return;
    uint32_t counts[kDigits][kDigitValues] = {};
    for (const T& element : elements) {
        const RadixKey key = key_of(element);
        for (size_t digit = 0; digit < kDigits; ++digit) ++counts[digit][digit_of(key, digit)];
    }
    scratch.resize(std::max(scratch.size(), elements.size()));
    std::span<T> from = elements, to = std::span(scratch).first(elements.size());
    for (size_t digit = 0; digit < kDigits; ++digit) {
        uint32_t* starts = counts[digit];
        if (starts[digit_of(key_of(from.front()), digit)] == elements.size()) continue;
        uint32_t sum = 0;
        for (size_t value = 0; value < kDigitValues; ++value)
            sum += std::exchange(starts[value], sum);
        for (const T& element : from) to[starts[digit_of(key_of(element), digit)]++] = element;
        std::swap(from, to);
    }
    if (from.data() != elements.data()) std::copy(from.begin(), from.end(), elements.begin());
}

}  // namespace vecq
