// Counts items, links and bytes of an index.
#include "index/stats.hpp"

namespace vecq {
namespace {

size_t items_on(const Layer& layer, const Slots& slots) {
    if (slots.visible() == nullptr) return layer.count;
    size_t items = 0;
    for (uint32_t node = 0; node < layer.count; ++node)
        items += slots.is_visible(layer.row_of(node));
    return items;
}

}  // namespace

IndexStats stats_of(const IndexState& state) {
    const Slots& slots = state.rows.slots();
    IndexStats stats;
    stats.rows = slots.count();
    stats.vacant = slots.extent() - slots.count();
    stats.near_zero = state.near_zero.size();
    stats.unreachable = state.unreachable_rows().size();
    for (const Layer& layer : state.graph.layers())
        stats.layer_rows.push_back(items_on(layer, slots));
    stats.degrees.resize(kMaxDegree + 1);
    for (uint32_t row = 0; row < slots.extent(); ++row)
        if (slots.is_visible(row))
            ++stats.degrees[state.graph.layers().front().links_of(row).size()];
    stats.code_bytes = slots.extent() * state.rows.bytes_per_row(0);
    stats.link_bytes = state.graph.bytes();
    stats.id_bytes = state.rows.ids().bytes();
    stats.rerank_bytes = slots.extent() * state.rows.bytes_per_row(1);
    stats.attribute_bytes = state.rows.attributes().bytes();
    if (state.cells != nullptr) {
        stats.cells = state.cells->count();
        stats.cell_bytes = state.cells->bytes();
    }
    return stats;
}

}  // namespace vecq
