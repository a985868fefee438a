#include "graph/connect.hpp"

#include <algorithm>

namespace vecq {

size_t Connector::connect(std::span<const uint32_t> list, const Alike& alike) {
    for (size_t i = 0; i < list.size(); ++i) places_[list[i]] = static_cast<uint32_t>(i);
    reached_.assign(list.size(), false);
    size_t added = 0;
    for (uint32_t i = 0; i < list.size(); ++i) {
        if (reached_[i]) continue;
        if (i > 0) added += link_to(list[i], list, alike);
        reach(i, list);
    }
    for (const uint32_t node : list) places_[node] = kNone;
    return added;
}

void Connector::reach(uint32_t place, std::span<const uint32_t> list) {
    reached_[place] = true;
    open_.push_back(place);
    while (!open_.empty()) {
        const uint32_t from = list[open_.back()];
        open_.pop_back();
        for (const uint32_t to : layer_.links_of(from)) {
            const uint32_t at = to < places_.size() ? places_[to] : kNone;
            if (at == kNone || reached_[at]) continue;
            reached_[at] = true;
            open_.push_back(at);
        }
    }
}

bool Connector::link_to(uint32_t node, std::span<const uint32_t> list, const Alike& alike) {
    with_room_.clear();
    for (size_t i = 0; i < list.size(); ++i)
        if (reached_[i] && layer_.links_of(list[i]).size() < layer_.degree)
            with_room_.push_back(list[i]);
    if (with_room_.empty()) return false;
    scores_.resize(with_room_.size());
    alike(node, with_room_, scores_.data());
    const auto best = std::max_element(scores_.begin(), scores_.end()) - scores_.begin();
    const uint32_t from = with_room_[static_cast<size_t>(best)];
    layer_.set(from, layer_.links_of(from).size(), node);
    return true;
}

}  // namespace vecq
