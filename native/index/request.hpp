// One call of search, looked through, and how far it is.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "index/filter.hpp"
#include "index/index.hpp"
#include "index/scanner.hpp"

namespace vecq {

struct Index::Request {
    const float* queries;
    size_t count;
    const SearchOptions& options;
    const Found& found;
    std::shared_ptr<const Passing> passing;  // null: all items
    size_t passing_count;
    const uint64_t* allowed;  // what passes, a bit for each row; null: all
    RowList rows;             // to be scanned
    size_t walk_width, scan_width;
    Plan plan;
    Slice slice;

    const float* query(size_t i, size_t dim) const { return queries + i * dim; }
    size_t number_of(size_t i) const { return options.first_query + i; }
    // How many rows of a query are worth bringing into order.
    size_t wanted() const { return std::max(options.k, options.rerank); }
};

// The queries of a call that slices have left to be answered.
struct Index::Pending {
    struct Range {
        size_t first, count;
    };
    std::vector<Range> left;  // what was begun and not finished
    size_t next = 0;          // none was begun from here on
    bool has_plan = false;

    bool is_empty(size_t count) const { return next >= count && left.empty(); }
};

// What threads did of the tasks they were given.
struct Index::Tasks {
    size_t begun;
    WalkCounts walked;
};

}  // namespace vecq
