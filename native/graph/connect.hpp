// Repairs a graph by lists of nodes that belong together, such as the best items of one user: a walk
// that has come to the first of a list shall come to all others through the list alone.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "graph/layer.hpp"

namespace vecq {

class Connector {
public:
    explicit Connector(const Layer& layer) : layer_(layer), places_(layer.count, kNone) {}

    // Writes to each of `scores` how alike `node` is to that one of `others`.
    using Alike =
        std::function<void(uint32_t node, std::span<const uint32_t> others, float* scores)>;

    // Each node that cannot be reached gets a link from the most alike of those that can and have
    // room. Returns how many links were added.
    size_t connect(std::span<const uint32_t> list, const Alike& alike);

private:
    void reach(uint32_t place, std::span<const uint32_t> list);
    bool link_to(uint32_t node, std::span<const uint32_t> list, const Alike& alike);

    const Layer& layer_;
    std::vector<uint32_t> places_;  // of each node in the list, or kNone
    std::vector<bool> reached_;     // of each place
    std::vector<uint32_t> open_, with_room_;
    std::vector<float> scores_;
};

}  // namespace vecq
