// Orders items by agglomerative clustering, so that near ones follow each other.
#pragma once

#include <compare>
#include <cstdint>
#include <vector>

namespace vecq {

// Two near items.
struct NearPair {
    float distance;
    uint32_t one, other;
    auto operator<=>(const NearPair&) const = default;
};

// Returns the items below `count`. Each item is in some pairs with its nearest ones; the order of
// the pairs does not matter.
std::vector<uint32_t> agglomerative_order(uint32_t count, std::vector<NearPair> pairs);

}  // namespace vecq
