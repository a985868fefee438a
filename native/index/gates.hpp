// What each query of a group may be answered with.
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
    const Gate* set(Find&& find, const Passing* passing, const Exclusions& exclude, size_t first,
                    size_t count) {
        if (passing == nullptr && exclude.offsets == nullptr) return nullptr;
        gates_.assign(count, {});
        if (excluded_.size() < count) excluded_.resize(count);
        for (size_t i = 0; i < count; ++i) {
            if (passing != nullptr) gates_[i].allowed = passing->bits.data();
            if (exclude.offsets != nullptr) exclude_from(i, find, exclude, first + i);
        }
        return gates_.data();
    }

    Gate& operator[](size_t i) { return gates_[i]; }

    // How many of so many rows may be kept for a query at the least.
    size_t at_least(size_t i, size_t passing) const {
        const RowSet* excluded = gates_[i].excluded;
        return passing - std::min(passing, excluded == nullptr ? 0 : excluded->size());
    }

private:
    template <class Find>
    void exclude_from(size_t i, Find&& find, const Exclusions& exclude, size_t query) {
        const int64_t* from = exclude.ids + exclude.offsets[query];
        const int64_t* to = exclude.ids + exclude.offsets[query + 1];
        if (from == to) return;
        RowSet& set = excluded_[i];
        set.begin(static_cast<size_t>(to - from));
        for (; from < to; ++from) {
            const uint32_t row = find(*from);
            if (row != kNoRow && gates_[i].allows(row)) set.insert(row);
        }
        if (set.size() > 0) gates_[i].excluded = &set;
    }

    std::vector<Gate> gates_;
    std::vector<RowSet> excluded_;
};

}  // namespace vecq
