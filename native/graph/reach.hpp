// Which nodes of layer 0 a walk can come to from the entries, by whatever way.
#pragma once

#include <vector>

#include "graph/layer.hpp"

namespace vecq {

class Reach {
public:
    explicit Reach(const GraphView& graph);

    bool holds(uint32_t node) const { return reached_[node]; }
    // Adds the node and all that it leads to.
    void spread(uint32_t node);

private:
    const Layer& layer_;
    std::vector<bool> reached_;
    std::vector<uint32_t> open_;
};

}  // namespace vecq
