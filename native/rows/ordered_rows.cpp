// Sorts the rows of a column by value, and finds the rows of a range in that order.
#include "rows/ordered_rows.hpp"

#include <algorithm>
#include <bit>
#include <type_traits>

#include "base/radix_sort.hpp"

namespace vecq {
namespace {

// Unsigned keys that order as the values do.
uint32_t key_of(float value) {
    const auto bits = std::bit_cast<uint32_t>(value + 0.0F);  // -0 equals 0
    return bits ^ (bits >> 31 != 0 ? ~uint32_t{0} : uint32_t{1} << 31);
}

uint64_t key_of(int64_t value) {
    return static_cast<uint64_t>(value) ^ uint64_t { 1 } << 63;
}

uint32_t key_of(uint8_t value) { return value; }

bool is_number(float value) { return value == value; }
bool is_number(int64_t) { return true; }
bool is_number(uint8_t) { return true; }

}  // namespace

template <class T>
void OrderedRows::sort(std::span<const T> values) {
    struct Element {
        decltype(key_of(T{})) key;
        uint32_t row;
    };
    std::vector<Element> elements, scratch;
    elements.reserve(values.size());
    for (size_t row = 0; row < values.size(); ++row)
        if (is_number(values[row]))
            elements.push_back({key_of(values[row]), static_cast<uint32_t>(row)});
    radix_sort(std::span(elements), scratch, [](const Element& element) { return element.key; });
    in_order_.resize(elements.size());
    for (size_t i = 0; i < elements.size(); ++i) {
        in_order_[i] = elements[i].row;
        if (i % kStep == 0) keys_.push_back(elements[i].key);
    }
    if constexpr (!std::is_same_v<T, uint8_t>) make_bitmaps();
}

void OrderedRows::make_bitmaps() {
    Bitset bits;
    bits.grow(rows_);
    for (size_t number = 0; number <= kBitmaps; ++number) {
        const size_t from = number == 0 ? 0 : place_of_bitmap(number - 1);
        for (size_t place = from; place < place_of_bitmap(number); ++place)
            bits.set(in_order_[place]);
        bitmaps_.push_back(bits);
    }
}

// The difference of the bitmaps nearest to both ends, then the places between ends and bitmaps.
Bitset OrderedRows::bits_of(const OrderedRun& run) const {
    const auto nearest = [&](size_t place) {
        return in_order_.empty() ? 0 : (place * kBitmaps + in_order_.size() / 2) / in_order_.size();
    };
    const size_t low = nearest(run.begin), high = nearest(run.end);
    const size_t from = place_of_bitmap(low), to = place_of_bitmap(high);
    Bitset bits = bitmaps_[high];
    bits.subtract(bitmaps_[low].words());
    // Sets come first: if both ends are nearest to one bitmap, a clear takes back what they exceed.
    for (size_t place = run.begin; place < from; ++place) bits.set(in_order_[place]);
    for (size_t place = to; place < run.end; ++place) bits.set(in_order_[place]);
    for (size_t place = from; place < run.begin; ++place) bits.clear(in_order_[place]);
    for (size_t place = run.end; place < to; ++place) bits.clear(in_order_[place]);
    return bits;
}

OrderedRows::OrderedRows(std::span<const float> values) : rows_(values.size()) { sort(values); }
OrderedRows::OrderedRows(std::span<const int64_t> values) : rows_(values.size()) { sort(values); }
OrderedRows::OrderedRows(std::span<const uint8_t> values) : rows_(values.size()) { sort(values); }

OrderedRun OrderedRows::run_of_keys(uint64_t low, uint64_t high) const {
    const auto from = std::ranges::lower_bound(keys_, low) - keys_.begin();
    const auto to = std::ranges::upper_bound(keys_, high) - keys_.begin();
    const auto place_of = [&](ptrdiff_t step) {
        return std::min(static_cast<size_t>(std::max<ptrdiff_t>(step, 0)) * kStep,
                        in_order_.size());
    };
    OrderedRun run{place_of(from - 1), place_of(from), place_of(to - 1), place_of(to)};
    // Both ends lie in one step, of which every row is tested.
    if (run.end < run.begin) run.begin = run.end = run.last;
    return run;
}

OrderedRun OrderedRows::run(float low, float high) const {
    if (!(low <= high)) return {};
    return run_of_keys(key_of(low), key_of(high));
}

OrderedRun OrderedRows::run(int64_t low, int64_t high) const {
    if (low > high) return {};
    return run_of_keys(key_of(low), key_of(high));
}

OrderedRun OrderedRows::run(uint8_t low, uint8_t high) const {
    if (low > high) return {};
    return run_of_keys(key_of(low), key_of(high));
}

}  // namespace vecq
