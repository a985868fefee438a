// Breadth-first reachability within a list, and links to nodes it does not reach.
#include "build/list_connector.hpp"

#include <algorithm>

namespace vecq {

size_t ListConnector::connect(std::span<const uint32_t> list, const Similarity& similarity) {
    for (size_t i = 0; i < list.size(); ++i) positions_[list[i]] = static_cast<uint32_t>(i);
    reached_.assign(list.size(), false);
    size_t added = 0;
    for (uint32_t i = 0; i < list.size(); ++i) {
        if (reached_[i]) continue;
        if (i > 0) added += link_to(list[i], list, similarity);
        spread(i, list);
    }
    for (const uint32_t node : list) positions_[node] = kNone;
    return added;
}

void ListConnector::spread(uint32_t position, std::span<const uint32_t> list) {
    reached_[position] = true;
    open_.push_back(position);
    while (!open_.empty()) {
        const uint32_t from = list[open_.back()];
        open_.pop_back();
        for (const uint32_t to : layer_.links_of(from)) {
            const uint32_t at = to < positions_.size() ? positions_[to] : kNone;
            if (at == kNone || reached_[at]) continue;
            reached_[at] = true;
            open_.push_back(at);
        }
    }
}

bool ListConnector::link_to(uint32_t node, std::span<const uint32_t> list,
                            const Similarity& similarity) {
    hosts_.clear();
    for (size_t i = 0; i < list.size(); ++i)
        if (reached_[i] && layer_.links_of(list[i]).size() < layer_.degree)
            hosts_.push_back(list[i]);
    if (hosts_.empty()) return false;
    scores_.resize(hosts_.size());
    similarity(node, hosts_, scores_.data());
    const auto best = std::max_element(scores_.begin(), scores_.end()) - scores_.begin();
    const uint32_t from = hosts_[static_cast<size_t>(best)];
    layer_.set(from, layer_.links_of(from).size(), node);
    return true;
}

}  // namespace vecq
