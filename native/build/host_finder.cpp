// Adds links to nodes, and exchanges last links where lists are full.
#include "build/host_finder.hpp"

namespace vecq {

uint32_t HostFinder::attached_host() {
    while (host_ < attached_.size() && layer_.links_of(attached_[host_]).size() == layer_.degree)
        ++host_;
    return host_ < attached_.size() ? attached_[host_] : kNone;
}

void HostFinder::attach_to_host(uint32_t node) {
    add(attached_host(), node);
    attached_.push_back(node);
}

void HostFinder::attach(uint32_t node, std::span<const Key> near) {
    attached_.push_back(node);
    for (const Key key : near)
        if (add(node_of(key), node)) return;
    const uint32_t from = node_of(near.front());
    const uint32_t dropped = layer_.list(from)[layer_.degree - 1];
    replace_last(from, node);
    if (dropped != node && !add(node, dropped)) replace_last(node, dropped);
}

// Returns false if the list is full.
bool HostFinder::add(uint32_t from, uint32_t to) {
    const std::span<const uint32_t> links = layer_.links_of(from);
    for (const uint32_t link : links)
        if (link == to) return true;
    if (links.size() == layer_.degree) return false;
    layer_.set(from, links.size(), to);
    return true;
}

void HostFinder::replace_last(uint32_t from, uint32_t to) {
    layer_.set(from, layer_.degree - 1, to);
}

}  // namespace vecq
