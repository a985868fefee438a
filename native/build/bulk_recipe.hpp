// The constants of bulk building, which depend on the link metric and on the layer.
#pragma once

#include <cstddef>

#include "rows/index_state.hpp"

namespace vecq {

struct BulkRecipe {
    size_t fanout[2];  // groups that a row joins: at the first split, and at later ones
    size_t leaf_rows;  // largest group whose pairs are all compared
    size_t min_rows;   // smaller groups are pooled
    size_t nearest;    // neighbors that a row finds in a leaf
    bool is_mutual;    // with one slab, leaves also offer a row the rows that find it
    size_t capacity;   // candidates of a row
    size_t links;      // that a row selects itself
    size_t filled;     // of these, filled up with occluded candidates
    size_t max_links;  // with the links of other rows
    size_t coarse;     // of these, links that a row of the layer above has there
    size_t far;        // candidates of a row in a sample of all rows
    size_t sample;     // rows in that sample
    size_t heads;      // links of a row from and to heads
    size_t copies;     // links of a row to rows equal to it
    float alpha;       // of pruning, on squared distances
};

// From this many rows on, additions to an empty index build in bulk by default: single queries of
// ten sets of 41,000 to a million rows took about as long as in incremental graphs.
inline constexpr size_t kLeastBulkRows = 50'000;

// Whether the links of this index can be built in bulk: the link metric must be a distance, or
// cosine.
bool can_build_in_bulk(const IndexState& state);

// Returns the recipe for the first `rows` rows of a layer.
BulkRecipe bulk_recipe(const IndexState& state, size_t layer, size_t rows);

// Returns the number of rows whose candidates are kept at a time: building then needs at most
// half of the memory of the index beside it.
size_t bulk_slab_rows(const IndexState& state, const BulkRecipe& recipe, size_t rows);

}  // namespace vecq
