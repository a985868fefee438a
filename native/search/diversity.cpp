// Lazy greedy selection: a key is compared with picked rows only when its upper bound is the best.
#include "search/diversity.hpp"

#include <algorithm>

namespace vecq {

void DiversityPicker::pick(std::vector<Key>& keys, size_t wanted, float diversity,
                           const IndexState& state) {
    wanted = std::min(wanted, keys.size());
    if (wanted == 0) return;
    const size_t count = keys.size();
    const CodeStore& codes = state.rows.codes();
    rows_.resize(count);
    inverse_norms_.resize(count);
    for (size_t i = 0; i < count; ++i) {
        rows_[i] = node_of(keys[i]);
        const RowConstants& own = codes[rows_[i]];
        inverse_norms_[i] = own.centered_norm > 0 ? own.scale / own.centered_norm : 0;
    }
    nearest_.assign(count, 0);
    compared_.assign(count, 0);
    picked_rows_.clear();
    picked_inverse_norms_.clear();
    const float best = score_of(keys.front()), range = best - score_of(keys.back());
    const auto worth = [&](uint32_t place) {
        const float relevance = range > 0 ? 1 - (best - score_of(keys[place])) / range : 1;
        return (1 - diversity) * relevance - diversity * nearest_[place];
    };
    heap_.clear();
    for (uint32_t i = 0; i < count; ++i) heap_.push_back({worth(i), i});  // falling: a heap
    std::vector<Key> picked;
    picked.reserve(wanted);
    while (picked.size() < wanted) {
        std::pop_heap(heap_.begin(), heap_.end());
        const uint32_t place = heap_.back().place;
        if (compared_[place] < picked.size()) {
            compare(place, picked.size(), state);
            heap_.back().worth = worth(place);
            std::push_heap(heap_.begin(), heap_.end());
            continue;
        }
        heap_.pop_back();
        picked.push_back(keys[place]);
        picked_rows_.push_back(rows_[place]);
        picked_inverse_norms_.push_back(inverse_norms_[place]);
    }
    keys.swap(picked);
}

// Compares a key with the rows picked since it was compared last, up to number `last`.
void DiversityPicker::compare(uint32_t place, size_t last, const IndexState& state) {
    const Rows rows = state.rows.codes().rows(state.rows.slots().extent());
    const size_t bytes = state.kernels.row_query_bytes(rows.row_bytes);
    if (codes_.bytes() < bytes) codes_ = Memory(bytes);
    if (dots_.bytes() < last * sizeof(int32_t)) dots_ = Memory(2 * last * sizeof(int32_t));
    const Query query =
        state.kernels.row_query(rows.at(rows_[place]), rows.row_bytes, codes_.as<void>());
    const size_t first = compared_[place];
    state.kernels.dot_rows(query, rows, picked_rows_.data() + first, last - first,
                           dots_.as<void>());
    if (state.rows.codes().codec().levels() == 0)
        raise<float>(place, last - first);
    else
        raise<int32_t>(place, last - first);
    compared_[place] = static_cast<uint32_t>(last);
}

template <class Dot>
void DiversityPicker::raise(uint32_t place, size_t count) {
    const Dot* dots = dots_.as<Dot>();
    float nearest = 0;
    for (size_t i = 0; i < count; ++i)
        nearest = std::max(nearest, static_cast<float>(dots[i]) *
                                        picked_inverse_norms_[compared_[place] + i]);
    nearest_[place] = std::max(nearest_[place], nearest * inverse_norms_[place]);
}

}  // namespace vecq
