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

// Lists are read while others write them: each link is whole, a list may be of two times.
inline uint32_t read_link(const uint32_t& link) { return __atomic_load_n(&link, __ATOMIC_RELAXED); }
inline void write_link(uint32_t& link, uint32_t node) {
    __atomic_store_n(&link, node, __ATOMIC_RELAXED);
}

class Keeper;
struct Layer;
// Before a list of the layer changes: the keeper may want it as it is.
void keep_list(Keeper& keeper, const Layer& layer, uint32_t node);

struct Layer {
    uint32_t* links;  // `degree` for each node; unused ones, at the end, are kNone
    size_t degree;
    size_t count;              // of nodes
    const uint32_t* rows;      // of each node; null where a node has its row's number
    const uint32_t* below;     // of each node, its number one layer down; null on layer 0
    Keeper* keeper = nullptr;  // of its lists, while they are being saved

    uint32_t row_of(uint32_t node) const { return rows == nullptr ? node : rows[node]; }
    // Rows ascend with nodes.
    uint32_t node_of(uint32_t row) const {
        return rows == nullptr ? row : uint32_t(std::lower_bound(rows, rows + count, row) - rows);
    }
    bool holds(uint32_t row) const {
        if (rows == nullptr) return row < count;
        const uint32_t node = node_of(row);
        return node < count && rows[node] == row;
    }
    std::span<const uint32_t> links_of(uint32_t node) const {
        const uint32_t* first = list(node);
        size_t count = 0;
        while (count < degree && read_link(first[count]) != kNone) ++count;
        return {first, count};
    }
    uint32_t* list(uint32_t node) const { return links + node * degree; }
    // All that changes a list of a row that searches may see is written here.
    void set(uint32_t node, size_t at, uint32_t link) const {
        if (keeper != nullptr) keep_list(*keeper, *this, node);
        write_link(list(node)[at], link);
    }
    // Takes a link out of a list. Returns how many are left.
    size_t remove(uint32_t from, uint32_t to) const {
        return remove_if(from, [to](uint32_t link) { return link == to; });
    }
    template <class Gone>
    size_t remove_if(uint32_t from, Gone&& gone) const {
        const uint32_t* own = list(from);
        size_t kept = 0, i = 0;
        for (; i < degree && own[i] != kNone; ++i) {
            if (gone(own[i])) continue;
            if (kept < i) set(from, kept, own[i]);
            ++kept;
        }
        for (size_t end = kept; end < i; ++end) set(from, end, kNone);
        return kept;
    }
};

// What a walk needs to know. It begins at all entries, nodes of the top layer.
struct GraphView {
    const Layer* layers;  // the one of all rows first
    size_t layer_count;
    const uint32_t* entries;
    size_t entry_count;
};

// The highest layer that has a node for the row, of those that walks go through.
inline size_t level_of(const GraphView& graph, uint32_t row) {
    size_t level = 0;
    while (level + 1 < graph.layer_count && graph.layers[level + 1].holds(row)) ++level;
    return level;
}

}  // namespace vecq
