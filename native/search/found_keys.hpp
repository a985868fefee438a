// Turns the rows that a walk found for a query into sorted keys with exact scores.
#pragma once

#include <span>

#include "search/request.hpp"
#include "search/walk_filter.hpp"

namespace vecq {

class FoundKeys {
public:
    // The keys are those of the searcher. All arguments outlive this object.
    FoundKeys(const Request& request, const Dropping& dropping, Searcher& searcher)
        : request_(request), state_(request.state), dropping_(dropping), searcher_(searcher) {}

    // The filters of the searcher's queries; null: none.
    void set_filters(const RowFilter* filters) { filters_ = filters; }

    // Lists the items that a walk for query `i` of the searcher found, without excluded ones.
    void list(size_t i, std::span<const Key> found);
    // Scores them by both bytes of the query and all planes of codes, and adds rows that graphs do
    // not lead to. The results are chosen among the best `depth`.
    void rescore(size_t i, size_t depth);

private:
    size_t rescored_count(size_t found, size_t depth) const;
    bool has_planes() const;
    bool rounds_scores() const;
    bool may_return(size_t i, uint32_t row) const;
    void rescore_all(size_t i);
    void add_near_zero(size_t i, size_t depth);
    void add_extremes(size_t i);
    void rescore_unique(size_t i, size_t first);

    const Request& request_;
    const IndexState& state_;
    const Dropping& dropping_;
    Searcher& searcher_;
    const RowFilter* filters_ = nullptr;
    size_t kept_ = 0;  // number of keys to keep
};

}  // namespace vecq
