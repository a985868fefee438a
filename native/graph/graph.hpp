// A graph in memory: its layers and its entry points.
//
// Life cycle: `extend` adds unlinked nodes for new rows; linking writes their lists; `truncate`
// removes nodes that no list links to. Only linking and `redirect_links` run on several threads.
#pragma once

#include <algorithm>
#include <functional>
#include <span>
#include <vector>

#include "base/array.hpp"
#include "graph/layer.hpp"

namespace vecq {

class Graph {
public:
    // The owned arrays of a layer.
    struct Stored {
        explicit Stored(size_t degree) : degree(degree) {}
        size_t degree, nodes = 0;
        Array<uint32_t> links, rows, below;
    };

    // Lists hold `degree` links on layer 0 and half of that on upper layers.
    explicit Graph(size_t degree);

    size_t rows() const { return layers_.front().nodes; }
    size_t degree() const { return degree_; }

    void reserve(size_t rows);
    // Empties the lists of future rows below `rows`, within the reserved capacity. Walks may run
    // meanwhile.
    void clear_ahead(size_t rows);
    // Rows whose lists are empty or in use.
    size_t cleared() const { return std::max(cleared_, rows()); }
    // Adds a node for each new row on all layers up to its level.
    void extend(std::span<const uint8_t> levels);
    void truncate(size_t rows);
    // Redirects each link of a node to the row that `target` returns for its row; kNone drops the
    // link. Thread-safe for different nodes.
    void redirect_links(size_t layer, uint32_t node,
                        const std::function<uint32_t(uint32_t row)>& target) const;

    // The highest layer with a node for the row.
    uint8_t level_of(uint32_t row) const;

    // Sets the entry points: nodes of layer `layers` - 1, the top layer of walks.
    void enter_at(std::vector<uint32_t> nodes, size_t layers);
    std::span<const uint32_t> entries() const { return entries_; }
    std::vector<uint32_t> entry_rows() const;
    size_t entered() const { return entered_; }

    GraphView view() const { return {views_.data(), entered_, entries_.data(), entries_.size()}; }
    std::span<const Layer> layers() const { return views_; }
    // Changes whenever views become invalid.
    uint64_t version() const { return version_; }
    // Starts a snapshot of the lists of layer 0, or ends it (null). No walk may run meanwhile.
    void set_list_snapshot(ListSnapshot* snapshot) {
        list_snapshot_ = views_.front().snapshot = snapshot;
    }
    size_t bytes() const;

    // Whether rows ascend up to this node of an upper layer and its row has a node on the layer
    // below. Restored layers may violate both.
    bool has_place(size_t layer, size_t node) const;
    std::span<const Stored> stored() const { return layers_; }
    // Replaces all layers; there is at least one.
    void restore(std::vector<Stored> layers);
    // Copies arrays that point into a mapped file to owned memory.
    void detach();

private:
    void add_node(size_t layer, uint32_t row);
    void refresh();

    size_t degree_;
    // Lists of layer 0 below this row are initialized; 0: only those of rows().
    size_t cleared_ = 0;
    std::vector<Stored> layers_;
    std::vector<Layer> views_;
    std::vector<uint32_t> entries_;
    size_t entered_ = 1;
    uint64_t version_ = 0;
    ListSnapshot* list_snapshot_ = nullptr;
};

}  // namespace vecq
