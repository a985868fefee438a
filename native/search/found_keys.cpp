// Lists, rescores and completes the keys of a walk.
#include "search/found_keys.hpp"

#include <algorithm>
#include <iterator>

#include "search/effort.hpp"

namespace vecq {

void FoundKeys::list(size_t i, std::span<const Key> found) {
    std::vector<Key>& keys = searcher_.keys;
    keys.assign(found.begin(), found.end());
    kept_ = std::max(found.size(), request_.beam_width + dropping_.places);
    if (dropping_.places > 0)
        std::erase_if(keys, [&](Key key) { return !filters_[i].may_return(node_of(key)); });
    if (!state_.all_nodes_are_items())
        std::erase_if(keys, [&](Key key) { return !state_.rows.slots().is_visible(node_of(key)); });
}

void FoundKeys::rescore(size_t i, size_t depth) {
    std::vector<Key>& keys = searcher_.keys;
    keys.resize(rescored_count(keys.size(), depth));
    for (const Key key : keys) state_.rows.ids().prefetch(node_of(key));
    if (searcher_.queries[i].part_count > 1 || has_planes() || rounds_scores()) rescore_all(i);
    add_near_zero(i, depth);
    add_extremes(i);
}

// Without filters and rerank codes only the best rows are rescored: the low byte of a query, or the
// lower planes of codes, move few rows by more places than the margin.
size_t FoundKeys::rescored_count(size_t found, size_t depth) const {
    constexpr size_t kMargin = 8;
    const bool is_filtered = filters_ != nullptr && !dropping_.is_chosen;
    if (is_filtered || request_.call.options.rerank > 0 || !state_.all_nodes_are_items())
        return found;
    return std::min(found, has_planes() ? plane_candidates(depth) : depth + depth / 16 + kMargin);
}

// A walk over one plane of codes leaves the order of rows to rescoring.
bool FoundKeys::has_planes() const { return state_.rows.codes().has_planes(); }

// The beams of such a graph drop the last bit of scores.
bool FoundKeys::rounds_scores() const { return state_.graph.rows() > MarkedKeys::kMaxExactNodes; }

// A file may list rows that hold no item.
bool FoundKeys::may_return(size_t i, uint32_t row) const {
    return state_.rows.slots().is_visible(row) &&
           (filters_ == nullptr || filters_[i].may_return(row));
}

void FoundKeys::rescore_all(size_t i) {
    searcher_.rescore(state_.kernels, state_.rows.scored(), searcher_.queries[i], kept_);
}

// Rows that are all but zero score about zero, which may be more than the walk found.
void FoundKeys::add_near_zero(size_t i, size_t depth) {
    std::vector<Key>& keys = searcher_.keys;
    const SortedRows& near_zero = state_.near_zero;
    if (near_zero.size() == 0) return;
    const float weight = searcher_.queries[i].item_bias_weight;
    const float bound = state_.bias_extremes.most(weight);
    if (keys.size() >= depth && score_of(keys.back()) >= bound) return;
    // Without biases all of them score the same.
    const size_t most = weight != 0 ? SIZE_MAX : keys.size() + kept_;
    for (size_t at = 0; at < near_zero.size() && keys.size() < most; ++at)
        if (may_return(i, near_zero[at])) keys.push_back(key_of(0, near_zero[at]));
    rescore_all(i);
}

// Adds rows of extreme biases, to which the walk need not have come.
void FoundKeys::add_extremes(size_t i) {
    if (searcher_.queries[i].item_bias_weight == 0) return;
    std::vector<Key>& keys = searcher_.keys;
    const size_t before = keys.size();
    for (const uint32_t row : state_.bias_extremes.rows())
        if (may_return(i, row)) keys.push_back(key_of(0, row));
    if (keys.size() > before) rescore_unique(i, before);
}

// Rescores the keys from number `first` on and merges them with those before, which are scored and
// sorted.
void FoundKeys::rescore_unique(size_t i, size_t first) {
    std::vector<Key>& keys = searcher_.keys;
    std::vector<Key> scored(keys.begin(), keys.begin() + static_cast<ptrdiff_t>(first));
    keys.erase(keys.begin(), keys.begin() + static_cast<ptrdiff_t>(first));
    rescore_all(i);
    std::vector<Key> merged;
    std::ranges::merge(scored, keys, std::back_inserter(merged));
    merged.erase(std::unique(merged.begin(), merged.end()), merged.end());
    keys.swap(merged);
    keys.resize(std::min(keys.size(), kept_));
}

}  // namespace vecq
