// Gives nodes that no walk can come to a link from one that a walk can come to.
#pragma once

#include <span>
#include <vector>

#include "base/key.hpp"
#include "graph/layer.hpp"

namespace vecq {

class Attacher {
public:
    explicit Attacher(const Layer& layer) : layer_(layer) {}

    // A node that was attached before and has room, or kNone. Of many equal nodes walks see the same few
    // each time; those that were attached take the others.
    uint32_t host();

    // Links to `node` from the host.
    void attach_to_host(uint32_t node);
    // Links to `node` from the nearest that has room, of `near`, best first, all within reach.
    void attach(uint32_t node, std::span<const Key> near);

private:
    bool add(uint32_t from, uint32_t to);
    void replace_last(uint32_t from, uint32_t to);

    const Layer& layer_;
    std::vector<uint32_t> attached_;
    size_t host_ = 0;
};

}  // namespace vecq
