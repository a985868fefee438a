// The table of groups, and the choice of results by it.
#include "search/groups.hpp"

#include <bit>

namespace vecq {

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
}

size_t GroupPicker::pick(std::vector<Key>& keys, size_t wanted, const Groups& groups,
                         size_t per_group, const IdMap& ids) {
    if (taken_.size() < groups.count()) taken_.resize(groups.count(), 0);
    group_of_.resize(keys.size());
    // A loop of its own, so that lookups overlap.
    for (size_t i = 0; i < keys.size(); ++i) group_of_[i] = groups.of(ids[node_of(keys[i])]);
    touched_.clear();
    size_t seen = 0, kept = 0;
    for (; seen < keys.size() && kept < wanted; ++seen) {
        const uint32_t group = group_of_[seen];
        if (group != Groups::kNone) {
            if (taken_[group] >= per_group) continue;
            ++taken_[group];
            touched_.push_back(group);
        }
        keys[kept++] = keys[seen];
    }
    for (const uint32_t group : touched_) taken_[group] = 0;
    keys.resize(kept);
    return seen;
}

}  // namespace vecq
