// The row filters of a group of queries: the rows allowed by the filter of the call, minus those
// that each query excludes.
#pragma once

#include <algorithm>
#include <vector>

#include "base/row_filter.hpp"
#include "rows/id_map.hpp"
#include "search/options.hpp"

namespace vecq {

class QueryFilters {
public:
    // Sets the filters of `count` queries from number `first` on and returns them; null if all rows
    // are allowed for all of them. find(id) returns the row of an id, or kNoRow.
    template <class Find>
    const RowFilter* set(Find&& find, const uint64_t* allowed, const Exclusions& exclude,
                         size_t first, size_t count) {
        return set(
            find, [allowed](size_t) { return allowed; }, allowed != nullptr, exclude, first, count);
    }

    // The same where allowed_of(i) returns the allowed rows of each query.
    template <class Find, class AllowedOf>
    const RowFilter* set(Find&& find, AllowedOf&& allowed_of, bool has_allowed,
                         const Exclusions& exclude, size_t first, size_t count) {
        if (!has_allowed && exclude.offsets == nullptr) return nullptr;
        filters_.assign(count, {});
        for (size_t i = 0; i < count; ++i) filters_[i].allowed = allowed_of(i);
        if (exclude.offsets != nullptr) exclude_rows(find, exclude, first);
        return filters_.data();
    }

    // Builds hash sets of the excluded rows, for readers that test single rows.
    void make_sets() {
        if (sets_.size() < filters_.size()) sets_.resize(filters_.size());
        for (size_t i = 0; i < filters_.size(); ++i) {
            const std::span<const uint32_t> rows = filters_[i].excluded_rows;
            if (rows.empty()) continue;
            sets_[i].assign(rows);
            filters_[i].excluded = &sets_[i];
        }
    }

    RowFilter& operator[](size_t i) { return filters_[i]; }

    // Returns how many of `passing` allowed rows remain for a query. Requires `make_sets`.
    size_t left(size_t i, size_t passing) const {
        const RowSet* excluded = filters_[i].excluded;
        return passing - (excluded == nullptr ? 0 : excluded->size());
    }

private:
    template <class Find>
    void exclude_rows(Find&& find, const Exclusions& exclude, size_t first) {
        const int64_t* offsets = exclude.offsets + first;
        rows_.resize(static_cast<size_t>(offsets[filters_.size()] - offsets[0]));
        size_t used = 0;
        for (size_t i = 0; i < filters_.size(); ++i) {
            const size_t start = used;
            for (int64_t at = offsets[i]; at < offsets[i + 1]; ++at) {
                const uint32_t row = find(exclude.ids[at]);
                rows_[used] = row;
                used += row != kNoRow && filters_[i].allows(row);
            }
            filters_[i].excluded_rows = std::span(rows_).subspan(start, used - start);
        }
    }

    std::vector<RowFilter> filters_;
    std::vector<uint32_t> rows_;
    std::vector<RowSet> sets_;
};

}  // namespace vecq
