// A graph that was made elsewhere. Nothing of it is taken on trust: what walks, additions and checks rely on
// is looked over as it comes, so that a graph which is adopted is as good as one that was linked here.
#include <algorithm>
#include <string>

#include "base/status.hpp"
#include "index/addition.hpp"
#include "index/searcher.hpp"

namespace vecq {
namespace {

// Added to the level of a row that holds no item.
constexpr uint8_t kVacant = 128;

[[noreturn]] void refuse_list(size_t layer, size_t node, const std::string& what) {
    refuse("links", "links of layer " + std::to_string(layer) + ", node " + std::to_string(node) +
                        ", " + what);
}

// The rows of a list as nodes of its layer, sorted, in `nodes`; their number.
size_t checked_nodes(const Layer& layer, size_t number, size_t node, std::span<const uint32_t> rows,
                     uint32_t* nodes) {
    const auto end = std::find(rows.begin(), rows.end(), kNone);
    if (std::any_of(end, rows.end(), [](uint32_t row) { return row != kNone; }))
        refuse_list(number, node, "go on behind their end");
    const auto count = static_cast<size_t>(end - rows.begin());
    if (count > layer.degree)
        refuse_list(number, node,
                    "are " + std::to_string(count) + ", expected at most " +
                        std::to_string(layer.degree));
    for (size_t i = 0; i < count; ++i) {
        nodes[i] = layer.node_of(rows[i]);
        if (nodes[i] >= layer.count || layer.row_of(nodes[i]) != rows[i])
            refuse_list(number, node,
                        "lead to row " + std::to_string(rows[i]) + ", which is not on that layer");
        if (nodes[i] == node) refuse_list(number, node, "lead to itself");
    }
    uint32_t sorted[kMaxDegree];
    std::copy_n(nodes, count, sorted);
    std::sort(sorted, sorted + count);
    if (const uint32_t* twice = std::adjacent_find(sorted, sorted + count); twice != sorted + count)
        refuse_list(number, node, "lead to row " + std::to_string(layer.row_of(*twice)) + " twice");
    return count;
}

void check_nodes(const Layer& layer, size_t first, size_t count) {
    if (first > layer.count || count > layer.count - first)
        refuse("count", "count is " + std::to_string(count) + " from node " +
                            std::to_string(first) + " on, but the layer has " +
                            std::to_string(layer.count));
}

const Layer& checked_layer(const Graph& graph, size_t number) {
    if (number >= graph.layers().size())
        refuse("layer", "layer is " + std::to_string(number) + ", but there are " +
                            std::to_string(graph.layers().size()));
    return graph.layers()[number];
}

}  // namespace

void Index::import_levels(const uint8_t* levels, size_t count) {
    const std::lock_guard writing(writing_);
    const auto alone = turnstile_.write();
    require_changeable();
    if (slots_.extent() > 0 || addition_)
        refuse("index", "index has rows, a graph is for one that has none");
    if (flat())
        refuse("index", "index links for inner products on one layer, open it with link layered");
    if (count != store_.size())
        refuse("count", "count is " + std::to_string(count) + ", expected the staged rows, " +
                            std::to_string(store_.size()));
    if (const uint8_t* high = std::find_if(levels, levels + count,
                                           [](uint8_t level) { return level > kHighestLevel; });
        high != levels + count)
        refuse("levels", "levels has " + std::to_string(*high) + " in row " +
                             std::to_string(high - levels) + ", expected at most " +
                             std::to_string(kHighestLevel));
    auto graph = std::make_unique<Graph>(graph_.degree());
    graph->reserve(count);
    graph->extend({levels, count});
    imported_ = std::move(graph);
}

Graph& Index::importing() const {
    if (!imported_) refuse("index", "index has been given no levels to import links for");
    return *imported_;
}

void Index::import_links(size_t number, const LinkLists& lists) {
    const std::lock_guard writing(writing_);
    const auto alone = turnstile_.write();
    const Layer& layer = checked_layer(importing(), number);
    check_nodes(layer, lists.first, lists.count);
    for (size_t i = 0; i < lists.count; ++i) {
        const auto node = static_cast<uint32_t>(lists.first + i);
        uint32_t nodes[kMaxDegree];
        const size_t count =
            checked_nodes(layer, number, node, {lists.rows + i * lists.width, lists.width}, nodes);
        uint32_t* list = layer.list(node);
        std::fill(std::copy_n(nodes, count, list), list + layer.degree, kNone);
    }
}

void Index::import_adopt(uint32_t entry) {
    const std::lock_guard writing(writing_);
    show_imported(entry);
    sweep(slots_.extent());
    measure_pace();
}

void Index::show_imported(uint32_t entry) {
    const auto alone = turnstile_.write();
    Graph& graph = importing();
    if (slots_.extent() > 0 || addition_ || graph.rows() != store_.size())
        refuse("index", "index was given other rows since it was given levels");
    const Layer& top = graph.layers().back();
    const uint32_t node = top.node_of(entry);
    if (node >= top.count || top.row_of(node) != entry)
        refuse("entry",
               "entry is " + std::to_string(entry) + ", which is not on the highest layer");
    resize_affines();
    for (uint32_t row = 0; row < store_.size(); ++row) fill_affine(row);
    graph.enter_at({node}, graph.layers().size());
    graph_ = std::move(graph);
    imported_.reset();
    while (slots_.extent() < store_.size()) slots_.show(static_cast<uint32_t>(slots_.extent()));
}

// A file may say anything: what is no row is left out, here and below.
GraphShape Index::export_graph() const {
    const auto lock = turnstile_.read();
    GraphShape shape{slots_.extent(), graph_.layers().size(), graph_.degree(), entry_rows()};
    std::erase_if(shape.entries, [&](uint32_t row) { return !slots_.shows(row); });
    return shape;
}

void Index::export_rows(size_t first, size_t count, uint8_t* levels, int64_t* ids,
                        float* vectors) const {
    const auto lock = turnstile_.read();
    const size_t extent = slots_.extent();
    if (first > extent || count > extent - first)
        refuse("count", "count is " + std::to_string(count) + " from row " + std::to_string(first) +
                            " on, but there are " + std::to_string(extent));
    const Store& store = wide_ ? *wide_ : store_;
    RowCoder coder(store.codec());
    for (size_t i = 0; i < count; ++i) {
        const auto row = static_cast<uint32_t>(first + i);
        levels[i] = graph_.level_of(row) | (slots_.shows(row) ? 0 : kVacant);
        ids[i] = ids_[row];
        coder.decode(store.rows(extent).at(row), store[row], vectors + i * dim());
    }
}

void Index::export_links(size_t number, size_t first, size_t count, uint32_t* links,
                         size_t width) const {
    const auto lock = turnstile_.read();
    const Layer& layer = checked_layer(graph_, number);
    check_nodes(layer, first, count);
    if (width < layer.degree)
        refuse("width", "width is " + std::to_string(width) + ", expected at least " +
                            std::to_string(layer.degree));
    std::fill_n(links, count * width, kNone);
    for (size_t i = 0; i < count; ++i) {
        uint32_t* list = links + i * width;
        for (const uint32_t& link : layer.links_of(static_cast<uint32_t>(first + i)))
            if (const uint32_t node = read_link(link);
                node < layer.count && slots_.shows(layer.row_of(node)))
                *list++ = layer.row_of(node);
    }
}

}  // namespace vecq
