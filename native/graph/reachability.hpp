// The nodes of layer 0 that a walk can reach from the entry points: a breadth-first search that
// runs in steps and on several threads.
#pragma once

#include <vector>

#include "base/bitset.hpp"
#include "graph/layer.hpp"

namespace vecq {

class Reachability {
public:
    // Marks the entry points.
    explicit Reachability(const GraphView& graph);
    // Marks all reachable nodes on one thread.
    static Reachability complete(const GraphView& graph);

    // Expands up to `nodes` nodes. Returns false once all reachable nodes are marked.
    bool step(size_t nodes, size_t threads);
    bool contains(uint32_t node) const { return reached_.test(node); }
    // Marks the node and all nodes reachable from it, on one thread.
    void spread(uint32_t node);

private:
    bool mark(uint32_t node);
    void expand(uint32_t node, std::vector<uint32_t>& found);

    Layer layer_;
    Bitset reached_;
    std::vector<uint32_t> frontier_, next_frontier_;  // marked nodes of this and the next depth
    size_t expanded_ = 0;                             // of the frontier
};

}  // namespace vecq
