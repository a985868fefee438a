#include "graph/reach.hpp"

namespace vecq {

Reach::Reach(const GraphView& graph) : layer_(graph.layers[0]), reached_(layer_.count) {
    const Layer& top = graph.layers[graph.layer_count - 1];
    for (size_t i = 0; i < graph.entry_count; ++i) spread(top.row_of(graph.entries[i]));
}

void Reach::spread(uint32_t node) {
    if (node >= layer_.count || reached_[node]) return;
    reached_[node] = true;
    open_.push_back(node);
    while (!open_.empty()) {
        const uint32_t from = open_.back();
        open_.pop_back();
        for (const uint32_t& link : layer_.links_of(from)) {
            const uint32_t to = read_link(link);
            if (to >= layer_.count || reached_[to]) continue;
            reached_[to] = true;
            open_.push_back(to);
        }
    }
}

}  // namespace vecq
