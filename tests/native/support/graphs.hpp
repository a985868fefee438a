// Graphs for tests, given or random, and properties of them computed without the code under test.
#pragma once

#include <algorithm>
#include <cstdint>
#include <set>
#include <vector>

#include "base/rng.hpp"
#include "graph/graph.hpp"

namespace graphs {

using Nodes = std::vector<uint32_t>;
using Levels = std::vector<uint8_t>;

inline void fill(const vecq::Layer& layer, uint32_t node, const Nodes& links) {
    std::fill_n(layer.list(node), layer.degree, vecq::kNone);
    std::copy(links.begin(), links.end(), layer.list(node));
}

inline Nodes links_of(const vecq::Layer& layer, uint32_t node) {
    const auto links = layer.links_of(node);
    return {links.begin(), links.end()};
}

// Returns a graph with one layer and node 0 as entry point.
inline vecq::Graph graph_of(size_t degree, const std::vector<Nodes>& lists) {
    vecq::Graph graph(degree);
    graph.extend(Levels(lists.size()));
    graph.enter_at({0}, 1);
    for (uint32_t node = 0; node < lists.size(); ++node)
        fill(graph.layers().front(), node, lists[node]);
    return graph;
}

// Returns `length` different nodes below `count`, without `self`.
inline Nodes random_links(vecq::Random& random, size_t length, size_t count, uint32_t self) {
    std::set<uint32_t> nodes;
    while (nodes.size() < std::min(length, count - 1)) {
        const auto node = static_cast<uint32_t>(random.below(count));
        if (node != self) nodes.insert(node);
    }
    return {nodes.begin(), nodes.end()};
}

// Returns the nodes that are reachable from `from` through `allowed` nodes.
inline std::set<uint32_t> reached_from(const vecq::Layer& layer, uint32_t from,
                                       const std::set<uint32_t>& allowed) {
    std::set<uint32_t> reached = {from};
    for (Nodes open = {from}; !open.empty();) {
        const uint32_t node = open.back();
        open.pop_back();
        for (const uint32_t to : links_of(layer, node))
            if (allowed.contains(to) && reached.insert(to).second) open.push_back(to);
    }
    return reached;
}

inline std::set<uint32_t> all_nodes(const vecq::Layer& layer) {
    std::set<uint32_t> all;
    for (uint32_t node = 0; node < layer.count; ++node) all.insert(all.end(), node);
    return all;
}

// Whether all lists are well-formed: links in range before kNone, no duplicates, no self-links.
inline bool well_formed(const vecq::Layer& layer) {
    for (uint32_t node = 0; node < layer.count; ++node) {
        const Nodes links = links_of(layer, node);
        const std::set<uint32_t> different(links.begin(), links.end());
        if (different.size() != links.size() || different.contains(node)) return false;
        if (!links.empty() && *different.rbegin() >= layer.count) return false;
        for (size_t i = links.size(); i < layer.degree; ++i)
            if (layer.list(node)[i] != vecq::kNone) return false;
    }
    return true;
}

}  // namespace graphs
