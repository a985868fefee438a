// Offers and retires entry points of layered and flat graphs.
#include "build/entry_points.hpp"

#include <algorithm>

namespace vecq {

void EntryPoints::offer(uint32_t row) {
    if (state_.rows.link().is_flat()) return offer_long(row);
    Graph& graph = state_.graph;
    const size_t layers = graph.level_of(row) + size_t{1};
    if (graph.entries().empty() || layers > graph.view().layer_count)
        graph.enter_at({graph.layers()[layers - 1].node_of(row)}, layers);
}

void EntryPoints::offer_long(uint32_t row) {
    const CodeStore& codes = state_.rows.codes();
    const std::span<const uint32_t> entries = state_.graph.entries();
    std::vector<uint32_t> rows(entries.begin(), entries.end());
    const auto place = std::upper_bound(rows.begin(), rows.end(), row, [&](uint32_t a, uint32_t b) {
        return codes[a].norm > codes[b].norm;
    });
    rows.insert(place, row);
    rows.resize(std::min(rows.size(), kFlatEntries));
    state_.graph.enter_at(std::move(rows), 1);
}

bool EntryPoints::retire(uint32_t row) {
    std::vector<uint32_t> rows = state_.graph.entry_rows();
    if (std::find(rows.begin(), rows.end(), row) == rows.end()) return false;
    if (!state_.rows.link().is_flat()) {
        replace_on_highest_layer(row);
        return true;
    }
    std::erase(rows, row);
    state_.graph.enter_at(std::move(rows), 1);
    if (state_.graph.entries().size() < kFlatEntries / 2)
        state_.graph.enter_at(longest_rows([row](uint32_t other) { return other != row; }), 1);
    return false;
}

// Enters at another item on the highest layer that has one, near the row if possible.
void EntryPoints::replace_on_highest_layer(uint32_t without) {
    Graph& graph = state_.graph;
    for (size_t count = graph.entered(); count > 0; --count) {
        const Layer& layer = graph.layers()[count - 1];
        const auto is_candidate = [&](uint32_t node) {
            return node < layer.count && layer.row_of(node) != without &&
                   state_.rows.slots().is_visible(layer.row_of(node));
        };
        if (layer.holds(without))
            for (const uint32_t node : layer.links_of(layer.node_of(without)))
                if (is_candidate(node)) return graph.enter_at({node}, count);
        for (uint32_t node = 0; node < layer.count; ++node)
            if (is_candidate(node)) return graph.enter_at({node}, count);
    }
    graph.enter_at({}, 1);
}

std::vector<uint32_t>
EntryPoints::longest_rows(const std::function<bool(uint32_t row)>& is_candidate) const {
    const Slots& slots = state_.rows.slots();
    const CodeStore& codes = state_.rows.codes();
    std::vector<uint32_t> rows;
    for (uint32_t row = 0; row < slots.extent(); ++row)
        if (slots.is_visible(row) && !state_.near_zero.contains(row) && is_candidate(row))
            rows.push_back(row);
    const size_t kept = std::min(rows.size(), kFlatEntries);
    std::partial_sort(rows.begin(), rows.begin() + static_cast<ptrdiff_t>(kept), rows.end(),
                      [&](uint32_t a, uint32_t b) { return codes[a].norm > codes[b].norm; });
    rows.resize(kept);
    return rows;
}

}  // namespace vecq
