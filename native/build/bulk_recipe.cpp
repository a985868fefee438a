// Recipes by measurement: see "Bulk building" in native/README.md.
#include "build/bulk_recipe.hpp"

#include <algorithm>

namespace vecq {

bool can_build_in_bulk(const IndexState& state) {
    const LinkMetric& link = state.rows.link();
    return link.link() != Link::layered && !(link.is_flat() && link.link() != Link::moebius);
}

BulkRecipe bulk_recipe(const IndexState& state, size_t layer) {
    const size_t m = state.options.m;
    BulkRecipe recipe{};
    recipe.min_rows = 64;
    recipe.capacity = std::clamp<size_t>(6 * m, 64, kMaxCandidates);
    if (state.rows.link().is_flat()) {
        // Rows are in falling order of their norms: each selects longer ones.
        recipe.only_before = true;
        recipe.fanout[0] = 4;
        recipe.fanout[1] = 2;
        recipe.leaf_rows = 512;
        recipe.nearest = 8;
        recipe.alpha = 1.5F;
        recipe.capacity = std::clamp<size_t>(4 * m, 64, kMaxCandidates);
    } else {
        recipe.fanout[0] = 12;
        recipe.fanout[1] = 1;
        recipe.leaf_rows = kMaxColumns;
        recipe.nearest = 12;
        recipe.alpha = 1;
    }
    recipe.links = layer == 0 ? m : std::max<size_t>(1, 3 * m / 4);
    recipe.max_links = layer == 0 ? 2 * m : m;
    recipe.filled = layer == 0 ? m / 2 : recipe.links;
    recipe.coarse = m / 2;
    return recipe;
}

}  // namespace vecq
