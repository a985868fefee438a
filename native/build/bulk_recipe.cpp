// Recipes by measurement: see "Bulk building" in native/README.md.
#include "build/bulk_recipe.hpp"

#include <algorithm>

namespace vecq {

bool can_build_in_bulk(const IndexState& state) {
    const LinkMetric& link = state.rows.link();
    return link.link() != Link::layered && !(link.is_flat() && link.link() != Link::moebius);
}

// Inner products stay incremental: at recall@10 0.98 bulk graphs of Gowalla score 16 % more rows per
// query. Bulk graphs equal incremental ones of beams up to 200.
bool prefers_bulk(const IndexState& state, size_t rows) {
    constexpr size_t min_rows = 25'000, max_links = 32, max_beam = 200;
    return rows >= min_rows && !state.rows.link().is_flat() && can_build_in_bulk(state) &&
           state.options.m <= max_links && state.options.ef_construction <= max_beam;
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
    recipe.coarse = m / 2;
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
