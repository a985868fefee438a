// What each query of a group may be answered with: what a filter lets through, without what is excluded.
#pragma once

#include <algorithm>
#include <vector>

#include "index/filter.hpp"

namespace vecq {

class Gates {
public:
    // Of `count` queries from number `first` on; null if everything passes for all of them.
    // `find` tells the row of an id, or kNoRow.
    template <class Find>
    const Gate* set(Find&& find, const uint64_t* allowed, const Exclusions& exclude, size_t first,
                    size_t count) {
        if (allowed == nullptr && exclude.offsets == nullptr) return nullptr;
        gates_.assign(count, {});
        for (Gate& gate : gates_) gate.allowed = allowed;
        if (exclude.offsets != nullptr) exclude_rows(find, exclude, first);
        return gates_.data();
    }

    // Sets of the excluded rows, for whoever does not go through all of them in order.
    void make_sets() {
        if (sets_.size() < gates_.size()) sets_.resize(gates_.size());
        for (size_t i = 0; i < gates_.size(); ++i) {
            const std::span<const uint32_t> rows = gates_[i].excluded_rows;
            if (rows.empty()) continue;
            sets_[i].assign(rows);
            gates_[i].excluded = &sets_[i];
        }
    }

    Gate& operator[](size_t i) { return gates_[i]; }

    // How many of the passing rows are left for a query that has its set.
    size_t left(size_t i, size_t passing) const {
        const RowSet* excluded = gates_[i].excluded;
        return passing - (excluded == nullptr ? 0 : excluded->size());
    }

private:
    template <class Find>
    void exclude_rows(Find&& find, const Exclusions& exclude, size_t first) {
        const int64_t* offsets = exclude.offsets + first;
        rows_.resize(static_cast<size_t>(offsets[gates_.size()] - offsets[0]));
        size_t used = 0;
        for (size_t i = 0; i < gates_.size(); ++i) {
            const size_t start = used;
            for (int64_t at = offsets[i]; at < offsets[i + 1]; ++at) {
                const uint32_t row = find(exclude.ids[at]);
                rows_[used] = row;
                used += row != kNoRow && gates_[i].allows(row);
            }
            gates_[i].excluded_rows = std::span(rows_).subspan(start, used - start);
        }
    }

    std::vector<Gate> gates_;
    std::vector<uint32_t> rows_;
    std::vector<RowSet> sets_;
};

}  // namespace vecq
