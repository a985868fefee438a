// Gives nodes that no walk can reach a link from a node that a walk can reach.
#pragma once

#include <span>
#include <vector>

#include "base/key.hpp"
#include "graph/layer.hpp"

namespace vecq {

class HostFinder {
public:
    explicit HostFinder(const Layer& layer) : layer_(layer) {}

    // A node that was attached before and has a free place, or kNone. Of many equal nodes a walk
    // finds the same few each time; the attached ones take the others.
    uint32_t attached_host();

    // Links to `node` from the attached host.
    void attach_to_host(uint32_t node);
    // Links to `node` from the nearest of `near` with a free place; `near` is sorted best first,
    // and all of it is reachable. Without a free place the nearest gives up its last link, which
    // `node` takes.
    void attach(uint32_t node, std::span<const Key> near);

private:
    bool add(uint32_t from, uint32_t to);
    void replace_last(uint32_t from, uint32_t to);

    const Layer& layer_;
    std::vector<uint32_t> attached_;
    size_t host_ = 0;
};

}  // namespace vecq
