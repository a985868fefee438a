// Recipes by measurement: see "Bulk building" in native/README.md.
#include "build/bulk_recipe.hpp"

#include <algorithm>
#include <cstdlib>

namespace vecq {

bool can_build_in_bulk(const IndexState& state) {
    const LinkMetric& link = state.rows.link();
    return link.link() != Link::layered && !(link.is_flat() && link.link() != Link::moebius);
}

// Inner products stay incremental: bulk graphs of Gowalla score 4 to 16 % more rows per query.
bool prefers_bulk(const IndexState& state, size_t rows) {
    constexpr size_t min_rows = 20'000;
    return rows >= min_rows && can_build_in_bulk(state) && !state.rows.link().is_flat();
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
    recipe.filled = layer == 0 ? m / 2 : recipe.links;
    recipe.coarse = m / 2;
    recipe.heads = std::max<size_t>(1, recipe.max_links / 4);
    recipe.copies = std::clamp<size_t>(recipe.max_links / 8, 1, 4);
    recipe.alpha = 1;
    if (state.rows.link().is_flat()) {
        recipe.far = kMaxNearest;
        recipe.sample = 256;
    }
    const auto e = [](const char* n, auto& v) {
        if (const char* s = getenv(n)) v = static_cast<std::remove_reference_t<decltype(v)>>(atof(s));
    };
    e("BB_F1", recipe.fanout[0]);
    e("BB_F2", recipe.fanout[1]);
    e("BB_NL", recipe.nearest);
    e("BB_CAP", recipe.capacity);
    e("BB_ALPHA", recipe.alpha);
    e("BB_FILL", recipe.filled);
    e("BB_COARSE", recipe.coarse);
    e("BB_HEADS", recipe.heads);
    return recipe;
}

}  // namespace vecq
