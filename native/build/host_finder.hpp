// Links unreachable nodes from reachable ones.
#pragma once

#include <span>
#include <vector>

#include "base/key.hpp"
#include "graph/layer.hpp"

namespace vecq {

class HostFinder {
public:
    explicit HostFinder(const Layer& layer) : layer_(layer) {}

    // Returns an attached node with a free place, or kNone. Among many equal nodes walks find the
    // same few each time, whose lists are soon full: attached nodes host the others.
    uint32_t attached_host();

    // Links to `node` from the attached host.
    void attach_to_host(uint32_t node);
    // Adds a link to `node` from the nearest of `near` with a free place; `near` holds reachable
    // nodes, nearest first. If all lists are full, the nearest replaces its last link by `node`,
    // and `node` takes over that link.
    void attach(uint32_t node, std::span<const Key> near);

private:
    bool add(uint32_t from, uint32_t to);
    void replace_last(uint32_t from, uint32_t to);

    const Layer& layer_;
    std::vector<uint32_t> attached_;
    size_t host_ = 0;
};

}  // namespace vecq
