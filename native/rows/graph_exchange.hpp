// Graphs for import and export: lists of row numbers, independent of node numbers.
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
    size_t first, count;   // of nodes
    const uint32_t* rows;  // `width` per node; unused ones hold kNone, at the end
    size_t width;
};

// The index must not change during these calls.
GraphShape export_graph(const IndexState& state);
// Writes highest layers, ids and decoded vectors of rows [first, first + count). The layer of a
// vacant row has 128 added.
void export_rows(const IndexState& state, size_t first, size_t count, uint8_t* levels, int64_t* ids,
                 float* vectors);
// Writes the neighbor lists of nodes as row numbers, `width` per node, unused ones kNone.
void export_links(const IndexState& state, size_t layer, size_t first, size_t count,
                  uint32_t* links, size_t width);

// Throw if the layer or a node is out of range.
const Layer& checked_layer(const Graph& graph, size_t number);
void check_nodes(const Layer& layer, size_t first, size_t count);

}  // namespace vecq
