// Merges clusters in rounds, so that all grow alike: single linkage alone adds the items of a set
// without gaps to one large cluster, one by one from anywhere.
#include "build/agglomeration.hpp"

#include <algorithm>
#include <numeric>

namespace vecq {
namespace {

// Of the largest clusters of a round, relative to the round before.
constexpr size_t kGrowth = 4;
constexpr uint32_t kNoItem = UINT32_MAX;

// Disjoint sets of items, each also a chain that begins with its root.
class Clusters {
public:
    explicit Clusters(uint32_t count)
        : parents_(count), next_(count, kNoItem), last_(count), sizes_(count, 1) {
        std::iota(parents_.begin(), parents_.end(), 0);
        std::iota(last_.begin(), last_.end(), 0);
    }

    uint32_t root_of(uint32_t item) {
        while (parents_[item] != item) item = parents_[item] = parents_[parents_[item]];
        return item;
    }
    size_t size(uint32_t root) const { return sizes_[root]; }

    void merge(uint32_t root, uint32_t other) {
        if (sizes_[root] < sizes_[other]) std::swap(root, other);
        parents_[other] = root;
        next_[last_[root]] = other;
        last_[root] = last_[other];
        sizes_[root] += sizes_[other];
    }

    std::vector<uint32_t> items() const {
        std::vector<uint32_t> items;
        items.reserve(parents_.size());
        for (uint32_t root = 0; root < parents_.size(); ++root)
            if (parents_[root] == root)
                for (uint32_t item = root; item != kNoItem; item = next_[item])
                    items.push_back(item);
        return items;
    }

private:
    std::vector<uint32_t> parents_, next_, last_, sizes_;  // last_ and sizes_: of roots
};

}  // namespace

std::vector<uint32_t> agglomerative_order(uint32_t count, std::vector<NearPair> pairs) {
    std::ranges::sort(pairs);
    Clusters clusters(count);
    std::vector<uint8_t> is_settled(count);  // per root: grows no more in this round
    for (size_t largest = kGrowth;; largest *= kGrowth) {
        std::ranges::fill(is_settled, 0);
        for (const NearPair& pair : pairs) {
            const uint32_t one = clusters.root_of(pair.one), other = clusters.root_of(pair.other);
            if (one == other) continue;
            // A cluster that may not merge with the nearest one waits instead of merging with a
            // farther one.
            if (is_settled[one] || is_settled[other] ||
                clusters.size(one) + clusters.size(other) > largest)
                is_settled[one] = is_settled[other] = 1;
            else
                clusters.merge(one, other);
        }
        if (largest >= count) return clusters.items();
    }
}

}  // namespace vecq
