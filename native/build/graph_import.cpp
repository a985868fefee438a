// Validates imported levels and neighbor lists and builds a graph of them.
#include "build/graph_import.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/status.hpp"

namespace vecq {
namespace {

[[noreturn]] void refuse_list(size_t layer, size_t node, const std::string& what) {
    refuse("links", "links of layer " + std::to_string(layer) + ", node " + std::to_string(node) +
                        ", " + what);
}

// Writes the rows of a list as nodes of its layer to `nodes`; returns their number.
size_t checked_list(const Layer& layer, size_t number, size_t node, std::span<const uint32_t> rows,
                    uint32_t* nodes) {
    const auto end = std::find(rows.begin(), rows.end(), kNone);
    if (std::any_of(end, rows.end(), [](uint32_t row) { return row != kNone; }))
        refuse_list(number, node, "have rows after their end");
    const auto count = static_cast<size_t>(end - rows.begin());
    if (count > layer.degree)
        refuse_list(number, node,
                    "are " + std::to_string(count) + ", expected at most " +
                        std::to_string(layer.degree));
    for (size_t i = 0; i < count; ++i) {
        nodes[i] = layer.node_of(rows[i]);
        if (nodes[i] >= layer.count || layer.row_of(nodes[i]) != rows[i])
            refuse_list(number, node,
                        "lead to row " + std::to_string(rows[i]) + ", which is not on that layer");
        if (nodes[i] == node) refuse_list(number, node, "lead to itself");
    }
    uint32_t sorted[kMaxDegree];
    std::copy_n(nodes, count, sorted);
    std::sort(sorted, sorted + count);
    if (const uint32_t* twice = std::adjacent_find(sorted, sorted + count); twice != sorted + count)
        refuse_list(number, node, "lead to row " + std::to_string(layer.row_of(*twice)) + " twice");
    return count;
}

}  // namespace

GraphImport::GraphImport(const IndexState& state, const uint8_t* levels, size_t count)
    : graph_(state.graph.degree()) {
    if (state.rows.slots().extent() > 0)
        refuse("index", "index has rows, expected an empty index to import a graph into");
    if (state.rows.link().is_flat())
        refuse("index", "index has one layer for inner products, create it with link layered");
    if (count != state.rows.size())
        refuse("count", "count is " + std::to_string(count) + ", expected the staged rows, " +
                            std::to_string(state.rows.size()));
    if (const uint8_t* high = std::find_if(levels, levels + count,
                                           [](uint8_t level) { return level > kHighestLevel; });
        high != levels + count)
        refuse("levels", "levels has " + std::to_string(*high) + " in row " +
                             std::to_string(high - levels) + ", expected at most " +
                             std::to_string(kHighestLevel));
    graph_.reserve(count);
    graph_.extend({levels, count});
}

void GraphImport::add_links(size_t number, const LinkLists& lists) {
    const Layer& layer = checked_layer(graph_, number);
    check_nodes(layer, lists.first, lists.count);
    for (size_t i = 0; i < lists.count; ++i) {
        const auto node = static_cast<uint32_t>(lists.first + i);
        uint32_t nodes[kMaxDegree];
        const size_t count =
            checked_list(layer, number, node, {lists.rows + i * lists.width, lists.width}, nodes);
        uint32_t* list = layer.list(node);
        std::fill(std::copy_n(nodes, count, list), list + layer.degree, kNone);
    }
}

void GraphImport::adopt(IndexState& state, uint32_t entry) {
    RowTable& rows = state.rows;
    if (rows.slots().extent() > 0 || graph_.rows() != rows.size())
        refuse("index", "index has changed since its levels were imported, import levels again");
    const Layer& top = graph_.layers().back();
    const uint32_t node = top.node_of(entry);
    if (node >= top.count || top.row_of(node) != entry)
        refuse("entry",
               "entry is " + std::to_string(entry) + ", which is not on the highest layer");
    for (uint32_t row = 0; row < rows.size(); ++row) rows.derive_link_affine(row);
    graph_.enter_at({node}, graph_.layers().size());
    state.graph = std::move(graph_);
    while (rows.slots().extent() < rows.size())
        rows.slots().show(static_cast<uint32_t>(rows.slots().extent()));
}

}  // namespace vecq
