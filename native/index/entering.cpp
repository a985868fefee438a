// Where walks begin: a graph of layers at a node of the highest one, a flat graph at its longest rows.
#include <algorithm>

#include "index/addition.hpp"
#include "index/index.hpp"

namespace vecq {

std::vector<uint32_t> Index::entry_rows() const {
    const GraphView graph = graph_.view();
    std::vector<uint32_t> rows;
    for (size_t i = 0; i < graph.entry_count; ++i)
        rows.push_back(graph.layers[graph.layer_count - 1].row_of(graph.entries[i]));
    return rows;
}

// Offers a linked row: the longest are taken, or one that is on more layers than any before.
void Index::enter_at(uint32_t row) {
    if (flat()) return enter_at_longest(row);
    const std::span<const Layer> layers = graph_.layers();
    const size_t count = level_of({layers.data(), layers.size(), nullptr, 0}, row) + 1;
    if (graph_.entries().empty() || count > graph_.view().layer_count)
        graph_.enter_at({layers[count - 1].node_of(row)}, count);
}

void Index::enter_at_longest(uint32_t row) {
    std::vector<uint32_t> rows(graph_.entries().begin(), graph_.entries().end());
    const auto place = std::upper_bound(rows.begin(), rows.end(), row, [&](uint32_t a, uint32_t b) {
        return store_[a].norm > store_[b].norm;
    });
    rows.insert(place, row);
    rows.resize(std::min(rows.size(), kEntries));
    graph_.enter_at(std::move(rows), 1);
}

// Has walks begin elsewhere, before a row goes.
void Index::leave_entries(uint32_t row) {
    const std::vector<uint32_t> rows = entry_rows();
    if (std::find(rows.begin(), rows.end(), row) == rows.end()) return;
    if (!flat()) return enter_anew(row);
    std::vector<uint32_t> others = rows;
    std::erase(others, row);
    graph_.enter_at(std::move(others), 1);
    if (graph_.entries().size() < kEntries / 2)
        graph_.enter_at(longest_rows([&](uint32_t other) { return other != row; }), 1);
}

// On the highest layer that has another item, near the row if possible.
void Index::enter_anew(uint32_t without) {
    unswept_ = slots_.extent();  // nobody knows where the new one leads
    for (size_t count = graph_.entered(); count > 0; --count) {
        const Layer& layer = graph_.layers()[count - 1];
        const auto fits = [&](uint32_t node) {
            return node < layer.count && layer.row_of(node) != without &&
                   slots_.shows(layer.row_of(node));
        };
        if (layer.holds(without))
            for (const uint32_t node : layer.links_of(layer.node_of(without)))
                if (fits(node)) return graph_.enter_at({node}, count);
        for (uint32_t node = 0; node < layer.count; ++node)
            if (fits(node)) return graph_.enter_at({node}, count);
    }
    graph_.enter_at({}, 1);
}

// Of the rows in the graph that fit.
std::vector<uint32_t> Index::longest_rows(const std::function<bool(uint32_t row)>& fits) const {
    std::vector<uint32_t> rows;
    for (uint32_t row = 0; row < slots_.extent(); ++row)
        if (slots_.shows(row) && !is_aside(row) && fits(row)) rows.push_back(row);
    const size_t kept = std::min(rows.size(), kEntries);
    std::partial_sort(rows.begin(), rows.begin() + static_cast<ptrdiff_t>(kept), rows.end(),
                      [&](uint32_t a, uint32_t b) { return store_[a].norm > store_[b].norm; });
    rows.resize(kept);
    return rows;
}

}  // namespace vecq
