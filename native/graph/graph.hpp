// A graph in memory: its layers, and where walks enter.
//
// Life cycle: `extend` makes nodes for new rows, which nothing links to yet; linking writes their
// lists; `truncate` takes back nodes that nothing was linked to. Only linking runs on many threads.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "base/array.hpp"
#include "graph/layer.hpp"

namespace vecq {

class Graph {
public:
    // A layer as it is kept.
    struct Stored {
        explicit Stored(size_t degree) : degree(degree) {}
        size_t degree, nodes = 0;
        Array<uint32_t> links, rows, below;
    };

    // Lists of `degree` links on layer 0 and of half as many above.
    explicit Graph(size_t degree);

    size_t rows() const { return layers_.front().nodes; }
    size_t degree() const { return degree_; }

    void reserve(size_t rows);
    // Empties the lists of rows to come, for which there is room. Walks may go on meanwhile.
    void clear_ahead(size_t rows);
    // Makes a node for each new row, on all layers up to its level.
    void extend(std::span<const uint8_t> levels);
    void truncate(size_t rows);
    // Has all links lead to the row that `now` tells in place of theirs, or nowhere if that is kNone.
    void redirect_links(const std::function<uint32_t(uint32_t row)>& now);

    // The highest layer that the row is on.
    uint8_t level_of(uint32_t row) const;

    // Where walks begin: nodes of the layer below `layers`.
    void enter_at(std::vector<uint32_t> nodes, size_t layers);
    std::span<const uint32_t> entries() const { return entries_; }
    size_t entered() const { return entered_; }

    GraphView view() const { return {views_.data(), entered_, entries_.data(), entries_.size()}; }
    std::span<const Layer> layers() const { return views_; }
    // Lists of layer 0 are kept from now on; null: no longer. While nobody walks.
    void keep_lists(Keeper* keeper) { keeper_ = views_.front().keeper = keeper; }
    size_t bytes() const;

    // Whether a node of an upper layer follows the one before it and is on the layer below as well. What
    // is restored may not be.
    bool has_place(size_t layer, size_t node) const;
    std::span<const Stored> stored() const { return layers_; }
    // Layers that were stored somewhere, at least one.
    void restore(std::vector<Stored> layers);
    // Moves what was restored in place to memory of its own.
    void own();

private:
    void add_node(size_t layer, uint32_t row);
    void refresh();
    static void redirect(const Layer& layer, uint32_t node,
                         const std::function<uint32_t(uint32_t row)>& now);

    size_t degree_;
    size_t cleared_ = 0;  // rows whose lists on layer 0 are empty, or theirs
    std::vector<Stored> layers_;
    std::vector<Layer> views_;
    std::vector<uint32_t> entries_;
    size_t entered_ = 1;
    Keeper* keeper_ = nullptr;
};

}  // namespace vecq
