// Distributes the rows of an order by their codes, which keeps that order in each code.
#include "rows/nested_order.hpp"

#include <algorithm>
#include <utility>

namespace vecq {

NestedOrder::NestedOrder(const TextCodes& coded, std::shared_ptr<const void> owner,
                         std::span<const uint32_t> order)
    : owner_(std::move(owner)), starts_(coded.texts + 2) {
    for (const uint32_t row : order)
        coded.each_code(row, [this](size_t code) { ++starts_[code + 1]; });
    for (size_t code = 0; code < codes(); ++code) starts_[code + 1] += starts_[code];
    rows_.resize(starts_.back());
    places_.resize(starts_.back());
    std::vector<uint64_t> next(starts_.begin(), starts_.end() - 1);
    for (size_t place = 0; place < order.size(); ++place)
        coded.each_code(order[place], [&](size_t code) {
            const uint64_t at = next[code]++;
            rows_[at] = order[place];
            places_[at] = static_cast<uint32_t>(place);
        });
}

PlaceRun NestedOrder::run(size_t code, size_t begin, size_t end) const {
    if (code >= codes()) return {};
    const auto first = places_.begin() + static_cast<ptrdiff_t>(starts_[code]);
    const auto last = places_.begin() + static_cast<ptrdiff_t>(starts_[code + 1]);
    const auto place_of = [&](size_t place) {
        return static_cast<size_t>(std::lower_bound(first, last, place) - places_.begin());
    };
    return {place_of(begin), place_of(end)};
}

}  // namespace vecq
