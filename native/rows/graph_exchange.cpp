// Exports the shape, rows and links of a graph.
#include "rows/graph_exchange.hpp"

#include <algorithm>
#include <string>

#include "base/status.hpp"

namespace vecq {
namespace {

// Flag in the level of a vacant row.
constexpr uint8_t kVacant = 128;

}  // namespace

// Leaves out vacant and out-of-range rows, here and below: an opened file may hold any numbers.
GraphShape export_graph(const IndexState& state) {
    const Slots& slots = state.rows.slots();
    GraphShape shape{slots.extent(), state.graph.layers().size(), state.graph.degree(),
                     state.graph.entry_rows()};
    std::erase_if(shape.entries, [&](uint32_t row) { return !slots.is_visible(row); });
    return shape;
}

void export_rows(const IndexState& state, size_t first, size_t count, uint8_t* levels, int64_t* ids,
                 float* vectors) {
    const Slots& slots = state.rows.slots();
    const size_t extent = slots.extent();
    if (first > extent || count > extent - first)
        refuse("count", "count is " + std::to_string(count) + " from row " + std::to_string(first) +
                            " on, but there are " + std::to_string(extent));
    const CodeStore& codes = state.rows.finest();
    RowCoder coder(codes.codec());
    for (size_t i = 0; i < count; ++i) {
        const auto row = static_cast<uint32_t>(first + i);
        levels[i] = state.graph.level_of(row) | (slots.is_visible(row) ? 0 : kVacant);
        ids[i] = state.rows.ids()[row];
        coder.decode(codes.codes_of(row), codes[row], vectors + i * state.dim);
    }
}

void export_links(const IndexState& state, size_t number, size_t first, size_t count,
                  uint32_t* links, size_t width) {
    const Layer& layer = checked_layer(state.graph, number);
    check_nodes(layer, first, count);
    if (width < layer.degree)
        refuse("width", "width is " + std::to_string(width) + ", expected at least " +
                            std::to_string(layer.degree));
    std::fill_n(links, count * width, kNone);
    for (size_t i = 0; i < count; ++i) {
        uint32_t* list = links + i * width;
        for (const uint32_t& link : layer.links_of(static_cast<uint32_t>(first + i)))
            if (const uint32_t node = read_link(link);
                node < layer.count && state.rows.slots().is_visible(layer.row_of(node)))
                *list++ = layer.row_of(node);
    }
}

const Layer& checked_layer(const Graph& graph, size_t number) {
    if (number >= graph.layers().size())
        refuse("layer", "layer is " + std::to_string(number) + ", but there are " +
                            std::to_string(graph.layers().size()));
    return graph.layers()[number];
}

void check_nodes(const Layer& layer, size_t first, size_t count) {
    if (first > layer.count || count > layer.count - first)
        refuse("count", "count is " + std::to_string(count) + " from node " +
                            std::to_string(first) + " on, but the layer has " +
                            std::to_string(layer.count));
}

}  // namespace vecq
