// Recipes by measurement: see "Bulk building" in native/README.md.
#include "build/bulk_recipe.hpp"

#include <algorithm>

#include "build/bulk_reservoirs.hpp"

namespace vecq {
namespace {

// From here on fewer links do.
constexpr size_t kManyDims = 256;
// Flat graphs of more rows score fewer of them at equal recall if rows find more neighbors instead
// of being offered those that find them. Reservoirs of so few rows always fit one slab.
constexpr size_t kMutualRows = 8192;
constexpr size_t kMostSlabs = 8;
// Reservoirs of this size are not divided.
constexpr size_t kSmallReservoirs = size_t{32} << 20;

}  // namespace

bool can_build_in_bulk(const IndexState& state) {
    const LinkMetric& link = state.rows.link();
    return link.link() != Link::layered && !(link.is_flat() && link.link() != Link::moebius);
}

BulkRecipe bulk_recipe(const IndexState& state, size_t layer, size_t rows) {
    const size_t m = state.options.m;
    const bool is_flat = state.rows.link().is_flat();
    BulkRecipe recipe{};
    recipe.fanout[0] = 8;
    recipe.fanout[1] = 1;
    recipe.leaf_rows = kMaxColumns;
    recipe.min_rows = 64;
    recipe.is_mutual = !is_flat || rows <= kMutualRows;
    recipe.nearest = is_flat && recipe.is_mutual ? 10 : 13;
    recipe.capacity = std::clamp<size_t>(4 * m, 64, kMaxCandidates / 2);
    recipe.max_links = layer == 0 ? 2 * m : m;
    recipe.links = std::max<size_t>(1, 3 * m / 4);
    recipe.filled = recipe.links;
    recipe.coarse = is_flat ? 3 * m / 4 : m;
    recipe.heads = std::max<size_t>(1, recipe.max_links / 4);
    recipe.copies = std::min<size_t>(4, recipe.max_links / 2);
    recipe.alpha = 1;
    if (is_flat) {
        recipe.links = m;
        recipe.filled = m / 8;
        recipe.far = kMaxNearest;
        recipe.sample = 256;
    } else if (layer == 0) {
        recipe.links = 5 * m / 4;
        recipe.filled = state.dim < kManyDims ? m : m / 2;
    }
    return recipe;
}

size_t bulk_slab_rows(const IndexState& state, const BulkRecipe& recipe, size_t rows) {
    const size_t list_bytes = recipe.max_links * sizeof(uint32_t);
    const size_t index_bytes = state.rows.codes().codec().row_bytes() + sizeof(Affine) +
                               list_bytes + sizeof(int64_t) + sizeof(uint32_t);
    const size_t leaf_bytes = recipe.fanout[0] * sizeof(uint32_t);
    const size_t reservoir_bytes = BulkReservoirs::bytes_per_row(recipe.capacity);
    const size_t allowed = std::max(index_bytes / 2, leaf_bytes) - leaf_bytes;
    const size_t some =
        std::max(rows * std::max(allowed, reservoir_bytes / kMostSlabs) / reservoir_bytes,
                 kSmallReservoirs / reservoir_bytes);
    const size_t slabs = std::max<size_t>(1, (rows + some - 1) / some);
    return (rows + slabs - 1) / slabs;
}

}  // namespace vecq
