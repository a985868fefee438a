// A graph in terms of rows, as importers and exporters see it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "rows/index_state.hpp"

namespace vecq {

struct GraphShape {
    size_t rows, layers, degree;
    std::vector<uint32_t> entries;
};

struct LinkLists {
    size_t first, count;   // nodes
    const uint32_t* rows;  // `width` per node, unused ones at the end
    size_t width;
};

// These need that the index does not change.
GraphShape export_graph(const IndexState& state);
// Highest layers, ids and decoded vectors of rows [first, first + count). 128 is added to the layer
// of a row that holds no item.
void export_rows(const IndexState& state, size_t first, size_t count, uint8_t* levels, int64_t* ids,
                 float* vectors);
// Neighbor lists of nodes, as rows; `width` places per node.
void export_links(const IndexState& state, size_t layer, size_t first, size_t count,
                  uint32_t* links, size_t width);

// Refuse numbers that a graph does not have.
const Layer& checked_layer(const Graph& graph, size_t number);
void check_nodes(const Layer& layer, size_t first, size_t count);

}  // namespace vecq
