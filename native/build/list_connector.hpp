// Connects the nodes of a list, such as the best items of a user: a walk that reaches the first
// node then reaches all others through nodes of the list.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "graph/layer.hpp"

namespace vecq {

class ListConnector {
public:
    explicit ListConnector(const Layer& layer) : layer_(layer), positions_(layer.count, kNone) {}

    // Writes the similarity of `node` to each of `others` to `scores`.
    using Similarity =
        std::function<void(uint32_t node, std::span<const uint32_t> others, float* scores)>;

    // Links each node that is unreachable within the list from the most similar reached node with a
    // free place. Returns the number of links added.
    size_t connect(std::span<const uint32_t> list, const Similarity& similarity);

private:
    void spread(uint32_t position, std::span<const uint32_t> list);
    bool link_to(uint32_t node, std::span<const uint32_t> list, const Similarity& similarity);

    const Layer& layer_;
    std::vector<uint32_t> positions_;  // position of each node in the list, or kNone
    std::vector<bool> reached_;        // by position
    std::vector<uint32_t> open_, hosts_;
    std::vector<float> scores_;
};

}  // namespace vecq
