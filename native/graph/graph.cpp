// Storage of a graph: growing, truncating, restoring, and redirecting links.
#include "graph/graph.hpp"

#include <algorithm>

namespace vecq {

Graph::Graph(size_t degree) : degree_(degree) {
    layers_.emplace_back(degree);
    refresh();
}

void Graph::reserve(size_t rows) {
    Array<uint32_t>& links = layers_.front().links;
    const uint32_t* before = links.data();
    links.reserve(rows * degree_);
    if (links.data() != before) cleared_ = 0;  // reserve() copies only the lists of existing rows
    refresh();
}

void Graph::clear_ahead(size_t rows) {
    const size_t first = cleared();
    if (rows <= first) return;
    const Array<uint32_t>& links = layers_.front().links;
    std::fill(links.data() + first * degree_, links.data() + rows * degree_, kNone);
    cleared_ = rows;
}

void Graph::extend(std::span<const uint8_t> levels) {
    const size_t first = rows();
    layers_.front().links.resize((first + levels.size()) * degree_);
    clear_ahead(first + levels.size());
    for (size_t i = 0; i < levels.size(); ++i)
        for (size_t layer = 0; layer <= levels[i]; ++layer)
            add_node(layer, static_cast<uint32_t>(first + i));
    refresh();
}

void Graph::add_node(size_t layer, uint32_t row) {
    if (layer == layers_.size()) layers_.emplace_back(degree_ / 2);
    Stored& stored = layers_[layer];
    const size_t node = stored.nodes;
    if (layer > 0) {
        stored.links.resize((node + 1) * stored.degree);
        std::fill_n(stored.links.data() + node * stored.degree, stored.degree, kNone);
        stored.rows.resize(node + 1);
        stored.below.resize(node + 1);
        stored.rows[node] = row;
        stored.below[node] = static_cast<uint32_t>(layers_[layer - 1].nodes - 1);
    }
    ++stored.nodes;
}

uint8_t Graph::level_of(uint32_t row) const {
    uint8_t level = 0;
    for (size_t layer = 1; layer < views_.size(); ++layer) {
        const uint32_t node = views_[layer].node_of(row);
        if (node >= views_[layer].count || views_[layer].row_of(node) != row) break;
        level = static_cast<uint8_t>(layer);
    }
    return level;
}

void Graph::truncate(size_t rows) {
    cleared_ = 0;
    for (size_t layer = layers_.size(); layer-- > 0;) {
        Stored& stored = layers_[layer];
        if (layer == 0)
            stored.nodes = std::min(stored.nodes, rows);
        else
            while (stored.nodes > 0 && stored.rows[stored.nodes - 1] >= rows) --stored.nodes;
        stored.links.resize(stored.nodes * stored.degree);
        if (layer > 0 && stored.nodes == 0) layers_.pop_back();
    }
    refresh();
}

std::vector<uint32_t> Graph::entry_rows() const {
    const Layer& top = views_[entered_ - 1];
    std::vector<uint32_t> rows;
    for (const uint32_t node : entries_) rows.push_back(top.row_of(node));
    return rows;
}

void Graph::redirect_links(size_t number, uint32_t node,
                           const std::function<uint32_t(uint32_t row)>& target) const {
    const Layer& layer = views_[number];
    const uint32_t* list = layer.list(node);
    bool has_dropped = false;
    for (size_t i = 0; i < layer.degree && list[i] != kNone; ++i) {
        const uint32_t to = list[i];
        const uint32_t row = to < layer.count ? target(layer.row_of(to)) : kNone;
        if (row != kNone && row == layer.row_of(to)) continue;
        const bool is_on_layer = row != kNone && layer.holds(row);
        const uint32_t other = is_on_layer ? layer.node_of(row) : node;
        const bool is_duplicate =
            std::find(list, list + layer.degree, other) != list + layer.degree;
        // A link to itself marks a dropped link until the list is compacted below.
        layer.set(node, i, is_duplicate ? node : other);
        has_dropped = has_dropped || is_duplicate || other == node;
    }
    if (has_dropped) layer.remove(node, node);
}

void Graph::enter_at(std::vector<uint32_t> nodes, size_t layers) {
    entries_ = std::move(nodes);
    entered_ = layers;
}

void Graph::restore(std::vector<Stored> layers) {
    layers_ = std::move(layers);
    cleared_ = 0;
    refresh();
}

void Graph::detach() {
    for (Stored& stored : layers_)
        for (Array<uint32_t>* array : {&stored.links, &stored.rows, &stored.below}) array->detach();
    refresh();
}

bool Graph::has_place(size_t layer, size_t node) const {
    const Layer &own = views_[layer], &lower = views_[layer - 1];
    const uint32_t row = own.rows[node], below = own.below[node];
    return row < rows() && (node == 0 || own.rows[node - 1] < row) && below < lower.count &&
           lower.row_of(below) == row;
}

size_t Graph::bytes() const {
    size_t sum = 0;
    for (const Stored& stored : layers_)
        sum += stored.links.bytes() + stored.rows.bytes() + stored.below.bytes();
    return sum;
}

void Graph::refresh() {
    ++version_;
    views_.clear();
    for (size_t layer = 0; layer < layers_.size(); ++layer) {
        const Stored& stored = layers_[layer];
        const bool base = layer == 0;
        views_.push_back({stored.links.data(), stored.degree, stored.nodes,
                          base ? nullptr : stored.rows.data(), base ? nullptr : stored.below.data(),
                          base ? list_snapshot_ : nullptr});
    }
}

}  // namespace vecq
