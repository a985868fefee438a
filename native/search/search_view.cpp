#include "search/search_view.hpp"

#include "base/bitset.hpp"

namespace vecq {
namespace {

// The best of 32 to 128.
constexpr size_t kEntries = 64;

}  // namespace

GraphView search_view(const IndexState& state, std::vector<uint32_t>& entries) {
    GraphView view = state.graph.view();
    if (view.layer_count < 2 || view.entry_count != 1) return view;
    const Layer& layer = view.layers[1];
    const uint32_t first_row = view.layers[view.layer_count - 1].row_of(view.entries[0]);
    if (!layer.holds(first_row)) return view;  // a file may say so
    entries.assign(1, layer.node_of(first_row));
    // Rows of the first addition are in falling order of their levels: these are contiguous.
    const uint64_t* visible = state.rows.slots().visible();
    for (uint32_t node = 0; node < layer.count && entries.size() < kEntries; ++node) {
        const uint32_t row = layer.row_of(node);
        if (row >= state.rows.slots().extent()) break;
        if (visible == nullptr || test_bit(visible, row)) entries.push_back(node);
    }
    view.layer_count = 2;
    view.entries = entries.data();
    view.entry_count = entries.size();
    return view;
}

}  // namespace vecq
