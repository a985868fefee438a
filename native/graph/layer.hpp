// A layer of the graph: the neighbor lists of its nodes. Layer 0 holds every row; each upper layer
// holds a subset of the layer below, with its own node ids.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace vecq {

inline constexpr uint32_t kNone = UINT32_MAX;
// kNone is no row, and row + 1 fits 32 bits.
inline constexpr size_t kMaxRows = size_t{UINT32_MAX} - 1;
inline constexpr size_t kMaxDegree = 512;
inline constexpr uint8_t kHighestLevel = 15;

// Threads read lists while others write them. Each link is read atomically; a list may mix old and
// new links.
inline uint32_t read_link(const uint32_t& link) { return __atomic_load_n(&link, __ATOMIC_RELAXED); }
inline void write_link(uint32_t& link, uint32_t node) {
    __atomic_store_n(&link, node, __ATOMIC_RELAXED);
}

class ListSnapshot;
struct Layer;
// Copies a list into the snapshot, if it lacks it, before the list changes.
void save_list(ListSnapshot& snapshot, const Layer& layer, uint32_t node);

struct Layer {
    uint32_t* links;  // `degree` per node; unused ones, at the end of a list, are kNone
    size_t degree;
    size_t count;                      // number of nodes
    const uint32_t* rows;              // the row of each node, ascending; null: the node id
    const uint32_t* below;             // the node id one layer down; null on layer 0
    ListSnapshot* snapshot = nullptr;  // set while the lists are being saved

    uint32_t row_of(uint32_t node) const { return rows == nullptr ? node : rows[node]; }
    // The first node whose row is not smaller: the node of the row, if holds(row).
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
    // Every change to a list that searches may read is made here.
    void set(uint32_t node, size_t at, uint32_t link) const {
        if (snapshot != nullptr) save_list(*snapshot, *this, node);
        write_link(list(node)[at], link);
    }
    // Removes a link from a list and returns the number of remaining links.
    size_t remove(uint32_t from, uint32_t to) const {
        return remove_if(from, [to](uint32_t link) { return link == to; });
    }
    template <class Predicate>
    size_t remove_if(uint32_t from, Predicate&& is_removed) const {
        const uint32_t* own = list(from);
        size_t kept = 0, i = 0;
        for (; i < degree && own[i] != kNone; ++i) {
            if (is_removed(own[i])) continue;
            if (kept < i) set(from, kept, own[i]);
            ++kept;
        }
        for (size_t end = kept; end < i; ++end) set(from, end, kNone);
        return kept;
    }
};

// The graph as a walk reads it. Walks begin at all entry points, which are nodes of the top layer.
struct GraphView {
    const Layer* layers;  // layer 0 first
    size_t layer_count;
    const uint32_t* entries;
    size_t entry_count;
};

// The highest layer of the view with a node for the row.
inline size_t level_of(const GraphView& graph, uint32_t row) {
    size_t level = 0;
    while (level + 1 < graph.layer_count && graph.layers[level + 1].holds(row)) ++level;
    return level;
}

}  // namespace vecq
