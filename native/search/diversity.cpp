// Maximal marginal relevance: ranks candidates by relevance and lends memory to the kernel that
// picks among them.
#include "search/diversity.hpp"

#include <algorithm>
#include <limits>

namespace vecq {
namespace {

constexpr float kNoCandidate = -std::numeric_limits<float>::infinity();
constexpr float kLowest = std::numeric_limits<float>::lowest();

size_t groups_of(size_t candidates) { return (candidates + kBlockQueries - 1) / kBlockQueries; }
size_t padded(size_t groups) { return (groups + 15) / 16 * 16; }

// Returns memory of at least `bytes`, whose contents are lost if it is too small.
template <class T = void>
T* at_least(Memory& memory, size_t bytes) {
    if (memory.bytes() < bytes) memory = Memory(bytes);
    return memory.as<T>();
}

}  // namespace

void DiversityPicker::pick(std::vector<Key>& keys, size_t wanted, float diversity,
                           const Kernels& kernels, const DiversityRows& from) {
    wanted = std::min(wanted, keys.size());
    if (wanted == 0) return;
    rank(keys, diversity, from.constants);
    const size_t groups = groups_of(keys.size());
    const size_t query_bytes = kernels.row_query_bytes(from.rows.row_bytes);
    picked_.resize(wanted);
    picked_inverse_norms_.resize(wanted);
    kernels.pick_diverse({
        .from = from,
        .candidates = candidates_.data(),
        .count = keys.size(),
        .diversity = diversity,
        .groups = groups_.as<DiversityGroup>(),
        .group_worth = group_worth_.as<float>(),
        .group_worths = padded(groups),
        .packed = at_least(packed_, groups * kernels.packed_bytes(from.dim)),
        .query_codes = at_least(query_codes_, kBlockQueries * query_bytes),
        .picked_codes = at_least(picked_codes_, (wanted + kDiversityRows) * query_bytes),
        .picked_inverse_norms = picked_inverse_norms_.data(),
        .picked = picked_.data(),
        .wanted = wanted,
    });
    std::vector<Key> picked(wanted);
    for (size_t i = 0; i < wanted; ++i) picked[i] = keys[picked_[i]];
    keys.swap(picked);
}

// Sets up the groups before the first pick, and prefetches the constants of their rows.
void DiversityPicker::rank(const std::vector<Key>& keys, float diversity,
                           const RowConstants* constants) {
    const size_t count = keys.size(), groups = groups_of(count);
    auto* group = at_least<DiversityGroup>(groups_, groups * sizeof(DiversityGroup));
    auto* worth = at_least<float>(group_worth_, padded(groups) * sizeof(float));
    std::fill_n(worth, padded(groups), kNoCandidate);
    candidates_.resize(count);
    const float best = score_of(keys.front()), range = best - score_of(keys.back());
    for (size_t i = 0; i < groups * kBlockQueries; ++i) {
        DiversityGroup& own = group[i / kBlockQueries];
        const size_t lane = i % kBlockQueries;
        own.compared = 0;
        own.nearest[lane] = 0;
        own.relevance[lane] = own.worth[lane] = kNoCandidate;
        if (i >= count) continue;
        candidates_[i] = node_of(keys[i]);
        __builtin_prefetch(constants + candidates_[i]);
        const float relevance = range > 0 ? 1 - (best - score_of(keys[i])) / range : 1;
        own.relevance[lane] = own.worth[lane] = std::max(kLowest, (1 - diversity) * relevance);
        worth[i / kBlockQueries] = std::max(worth[i / kBlockQueries], own.worth[lane]);
    }
}

}  // namespace vecq
