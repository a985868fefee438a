// A layer of the graph: for each node a list of links to others. Layer 0 holds every row; each layer
// above holds a few of the nodes of the one below it, under numbers of its own.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace vecq {

inline constexpr uint32_t kNone = UINT32_MAX;
// Rows have numbers of 31 bits, so that a key has room for a mark.
inline constexpr size_t kMaxRows = size_t{1} << 31;
inline constexpr size_t kMaxDegree = 512;
inline constexpr uint8_t kHighestLevel = 15;

struct Layer {
    uint32_t* links;  // `degree` for each node; unused ones, at the end, are kNone
    size_t degree;
    size_t count;           // of nodes
    const uint32_t* rows;   // of each node; null where a node has its row's number
    const uint32_t* below;  // of each node, its number one layer down; null on layer 0

    uint32_t row_of(uint32_t node) const { return rows == nullptr ? node : rows[node]; }
    // Rows ascend with nodes.
    uint32_t node_of(uint32_t row) const {
        return rows == nullptr ? row : uint32_t(std::lower_bound(rows, rows + count, row) - rows);
    }
    std::span<const uint32_t> links_of(uint32_t node) const {
        const uint32_t* first = list(node);
        return {first, static_cast<size_t>(std::find(first, first + degree, kNone) - first)};
    }
    uint32_t* list(uint32_t node) const { return links + node * degree; }
};

// What a walk needs to know. It begins at all entries, nodes of the top layer.
struct GraphView {
    const Layer* layers;  // the one of all rows first
    size_t layer_count;
    const uint32_t* entries;
    size_t entry_count;
};

// Lists are read while others write them: each link is whole, a list may be of two times.
inline uint32_t read_link(const uint32_t& link) { return __atomic_load_n(&link, __ATOMIC_RELAXED); }
inline void write_link(uint32_t& link, uint32_t node) {
    __atomic_store_n(&link, node, __ATOMIC_RELAXED);
}

}  // namespace vecq
