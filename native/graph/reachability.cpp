// The breadth-first search: one frontier per depth, expanded in tasks of kNodesPerTask nodes.
#include "graph/reachability.hpp"

#include "base/pool.hpp"

namespace vecq {
namespace {

// Nodes that a thread expands per task.
constexpr size_t kNodesPerTask = 1024;

}  // namespace

Reachability::Reachability(const GraphView& graph) : layer_(graph.layers[0]) {
    reached_.grow(layer_.count + 1);
    const Layer& top = graph.layers[graph.layer_count - 1];
    for (size_t i = 0; i < graph.entry_count; ++i)
        if (const uint32_t node = top.row_of(graph.entries[i]); mark(node))
            frontier_.push_back(node);
}

Reachability Reachability::complete(const GraphView& graph) {
    Reachability reachable(graph);
    while (reachable.step(SIZE_MAX / 2, 1)) {}
    return reachable;
}

// Returns false if the node was marked or its id is out of range. Thread-safe.
bool Reachability::mark(uint32_t node) {
    return node < layer_.count && reached_.set_atomically(node);
}

void Reachability::expand(uint32_t node, std::vector<uint32_t>& found) {
    for (const uint32_t& link : layer_.links_of(node))
        if (const uint32_t to = read_link(link); mark(to)) found.push_back(to);
}

bool Reachability::step(size_t nodes, size_t threads) {
    if (expanded_ == frontier_.size()) {
        frontier_.swap(next_frontier_);
        next_frontier_.clear();
        expanded_ = 0;
    }
    const size_t first = expanded_, last = std::min(frontier_.size(), first + nodes);
    const size_t tasks = (last - first + kNodesPerTask - 1) / kNodesPerTask;
    const size_t workers = workers_for(threads, tasks);
    std::vector<std::vector<uint32_t>> found(workers);
    parallel_for(workers, tasks, [&](size_t task, size_t worker) {
        const size_t from = first + task * kNodesPerTask;
        for (size_t i = from; i < std::min(last, from + kNodesPerTask); ++i)
            expand(frontier_[i], found[worker]);
    });
    for (const std::vector<uint32_t>& some : found)
        next_frontier_.insert(next_frontier_.end(), some.begin(), some.end());
    expanded_ = last;
    return last < frontier_.size() || !next_frontier_.empty();
}

void Reachability::spread(uint32_t node) {
    if (!mark(node)) return;
    std::vector<uint32_t> open{node};
    while (!open.empty()) {
        const uint32_t from = open.back();
        open.pop_back();
        expand(from, open);
    }
}

}  // namespace vecq
