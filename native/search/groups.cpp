// The table of groups, and the choice of results by it.
#include "search/groups.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace vecq {
namespace {

// Returns the mean of min(limit, X) for X of the Poisson distribution with this mean.
double mean_of_limited(double mean, size_t limit) {
    constexpr size_t kLarge = 32;  // the distribution is narrow
    if (limit > kLarge) return std::min(mean, static_cast<double>(limit));
    double probability = std::exp(-mean), result = static_cast<double>(limit);
    for (size_t i = 0; i < limit; ++i) {
        result -= static_cast<double>(limit - i) * probability;
        probability *= mean / static_cast<double>(i + 1);
    }
    return result;
}

}  // namespace

Groups::Groups(std::span<const int64_t> ids, std::span<const uint32_t> groups)
    : slots_(std::bit_ceil(2 * ids.size() + 2), Slot{0, kNone, 0}),
      mask_(slots_.size() - 1),
      shift_(64 - std::countr_zero(slots_.size())) {
    for (size_t i = 0; i < ids.size(); ++i) {
        size_t at = home_of(ids[i]);
        while (slots_[at].group != kNone && slots_[at].id != ids[i]) at = (at + 1) & mask_;
        slots_[at] = {ids[i], groups[i], 0};
        count_ = std::max<size_t>(count_, groups[i] + size_t{1});
    }
    classify_sizes();
}

void Groups::classify_sizes() {
    std::vector<uint32_t> sizes(count_);
    for (const Slot& slot : slots_)
        if (slot.group != kNone) ++sizes[slot.group];
    sizes_.resize(33);
    for (const uint32_t size : sizes) {
        SizeClass& own = sizes_[static_cast<size_t>(std::bit_width(size))];
        own.groups += size > 0;
        own.items += size;
    }
    std::erase_if(sizes_, [](const SizeClass& own) { return own.groups == 0; });
}

double Groups::expected_results(double depth, size_t per_group, size_t items) const {
    double grouped = 0, results = 0;
    for (const SizeClass& own : sizes_) {
        const double mean = depth * own.items / own.groups / static_cast<double>(items);
        results += own.groups * mean_of_limited(mean, per_group);
        grouped += own.items;
    }
    return results + depth * std::max(0.0, 1 - grouped / static_cast<double>(items));
}

size_t Groups::expected_depth(size_t wanted, size_t per_group, size_t items) const {
    size_t low = std::min(wanted, items), high = items;
    while (high - low > 1 + low / 32) {
        const size_t middle = low + (high - low) / 2;
        const double results = expected_results(static_cast<double>(middle), per_group, items);
        (results < static_cast<double>(wanted) ? low : high) = middle;
    }
    return high;
}

// Loops of their own, so that the lookups of all keys overlap.
void GroupPicker::look_up(std::span<const Key> keys, const Groups& groups, const IdMap& ids) {
    if (taken_.size() < groups.count()) taken_.resize(groups.count(), 0);
    group_of_.resize(keys.size());
    for (const Key key : keys) ids.prefetch(node_of(key));
    for (const Key key : keys) groups.prefetch(ids[node_of(key)]);
    for (size_t i = 0; i < keys.size(); ++i) group_of_[i] = groups.of(ids[node_of(keys[i])]);
}

// Calls take_key(i) for the first `wanted` of `count` keys whose groups are not full. Returns the
// number of keys looked at.
template <class Take>
size_t GroupPicker::take(size_t count, size_t wanted, size_t per_group, Take&& take_key) {
    touched_.clear();
    size_t seen = 0;
    for (size_t kept = 0; seen < count && kept < wanted; ++seen) {
        const uint32_t group = group_of_[seen];
        if (group != Groups::kNone) {
            if (taken_[group] >= per_group) continue;
            ++taken_[group];
            touched_.push_back(group);
        }
        take_key(seen);
        ++kept;
    }
    for (const uint32_t group : touched_) taken_[group] = 0;
    return seen;
}

size_t GroupPicker::pick(std::vector<Key>& keys, size_t wanted, const Groups& groups,
                         size_t per_group, const IdMap& ids) {
    look_up(keys, groups, ids);
    size_t kept = 0;
    const size_t seen =
        take(keys.size(), wanted, per_group, [&](size_t i) { keys[kept++] = keys[i]; });
    keys.resize(kept);
    return seen;
}

size_t GroupPicker::depth_for(std::span<const Key> keys, size_t wanted, const Groups& groups,
                              size_t per_group, const IdMap& ids) {
    look_up(keys, groups, ids);
    const size_t half = keys.size() / 2;
    size_t kept = 0, kept_late = 0;
    const size_t seen = take(keys.size(), wanted, per_group, [&](size_t i) {
        ++kept;
        kept_late += i >= half;
    });
    if (kept >= wanted) return seen;
    const double per_key =
        static_cast<double>(kept_late + 1) / static_cast<double>(seen - half + 1);
    const double more = static_cast<double>(wanted - kept) / per_key;
    return seen + std::clamp(static_cast<size_t>(more), size_t{1}, seen + 1);
}

}  // namespace vecq
