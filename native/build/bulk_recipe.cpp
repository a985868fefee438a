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
    recipe.fanout[0] = 8;
    recipe.fanout[1] = 1;
    recipe.leaf_rows = kMaxColumns;
    recipe.min_rows = 64;
    recipe.nearest = 10;
    recipe.capacity = std::clamp<size_t>(4 * m, 64, kMaxCandidates / 2);
    recipe.links = layer == 0 ? m : std::max<size_t>(1, 3 * m / 4);
    recipe.max_links = layer == 0 ? 2 * m : m;
    recipe.filled = layer == 0 ? m / 4 : recipe.links;
    recipe.coarse = 3 * m / 4;
    recipe.heads = std::max<size_t>(1, recipe.max_links / 4);
    recipe.copies = std::min<size_t>(4, recipe.max_links / 2);
    recipe.alpha = 1;
    if (state.rows.link().is_flat()) {
        recipe.far = kMaxNearest;
        recipe.sample = 256;
    }
    return recipe;
}

}  // namespace vecq
