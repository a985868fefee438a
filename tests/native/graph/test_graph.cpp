// The layers of a graph, and reachability.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/rng.hpp"
#include "check.hpp"
#include "graph/graph.hpp"
#include "graph/reachability.hpp"
#include "graphs.hpp"

using namespace graphs;
using vecq::Graph;
using vecq::kNone;
using vecq::Layer;
using vecq::Random;
using vecq::Reachability;

namespace {

// Whether each layer has the rows of at least its level as nodes, in order.
bool has_levels(const Graph& graph, const Levels& levels) {
    const size_t top = levels.empty() ? 0 : *std::max_element(levels.begin(), levels.end());
    if (graph.rows() != levels.size() || graph.layers().size() != top + 1) return false;
    Nodes below(levels.size());  // the node of each row one layer below
    for (size_t number = 0; number <= top; ++number) {
        const Layer& layer = graph.layers()[number];
        uint32_t node = 0;
        for (uint32_t row = 0; row < levels.size(); ++row) {
            if (levels[row] < number) continue;
            if (node >= layer.count || layer.row_of(node) != row || layer.node_of(row) != node)
                return false;
            if (number > 0 && layer.below[node] != below[row]) return false;
            below[row] = node++;
        }
        if (layer.count != node) return false;
    }
    return true;
}

bool unlinked(const Graph& graph, size_t first_row) {
    for (const Layer& layer : graph.layers())
        for (uint32_t node = 0; node < layer.count; ++node)
            if (layer.row_of(node) >= first_row && !layer.links_of(node).empty()) return false;
    return true;
}

// Fills each list with its row and its layer.
void write_all(const Graph& graph) {
    for (uint32_t number = 0; number < graph.layers().size(); ++number) {
        const Layer& layer = graph.layers()[number];
        for (uint32_t node = 0; node < layer.count; ++node)
            std::fill_n(layer.list(node), layer.degree, layer.row_of(node) * 16 + number);
    }
}

bool holds_all(const Graph& graph, size_t rows) {
    for (uint32_t number = 0; number < graph.layers().size(); ++number) {
        const Layer& layer = graph.layers()[number];
        for (uint32_t node = 0; node < layer.count && layer.row_of(node) < rows; ++node)
            for (size_t i = 0; i < layer.degree; ++i)
                if (layer.list(node)[i] != layer.row_of(node) * 16 + number) return false;
    }
    return true;
}

Levels random_levels(Random& random, size_t count) {
    Levels levels(count);
    for (uint8_t& level : levels)
        while (level < 15 && random.below(3) == 0) ++level;
    return levels;
}

Nodes held(const Reachability& reach, uint32_t count) {
    Nodes nodes;
    for (uint32_t node = 0; node < count; ++node)
        if (reach.contains(node)) nodes.push_back(node);
    return nodes;
}

}  // namespace

TEST(graph_is_empty_at_first) {
    const Graph graph(6);
    CHECK(graph.rows() == 0 && graph.degree() == 6 && has_levels(graph, {}));
    CHECK(graph.entries().empty() && graph.view().entry_count == 0);
    CHECK(graph.view().layer_count == 1 && graph.view().layers[0].degree == 6);
}

TEST(graph_has_a_node_on_each_layer_of_a_row) {
    Graph graph(6);
    graph.extend(Levels{3, 1, 0});
    CHECK(has_levels(graph, {3, 1, 0}) && unlinked(graph, 0));
    CHECK(graph.layers()[0].degree == 6 && graph.layers()[1].degree == 3);
    graph.extend(Levels{});
    graph.extend(Levels{0, 5, 2});
    CHECK(has_levels(graph, {3, 1, 0, 0, 5, 2}) && unlinked(graph, 0));
    const Layer& third = graph.layers()[2];
    CHECK(third.count == 3 && third.degree == 3, third.count);
    CHECK(third.row_of(2) == 5 && third.node_of(5) == 2 && third.below[2] == 3);
    CHECK(graph.bytes() >= (6 * 6 + (4 + 3 + 2 + 1 + 1) * 3) * sizeof(uint32_t), graph.bytes());
}

TEST(graph_extends_and_truncates) {
    for (uint64_t seed = 0; seed < 20; ++seed) {
        Random random(seed);
        Graph graph(4);
        Levels levels;
        for (int round = 0; round < 20; ++round) {
            const size_t before = levels.size();
            const Levels more = random_levels(random, random.below(50));
            levels.insert(levels.end(), more.begin(), more.end());
            if (random.below(2) == 0) graph.reserve(random.below(2000));
            graph.extend(more);
            CHECK(has_levels(graph, levels) && holds_all(graph, before), seed, round);
            CHECK(unlinked(graph, before), seed, round);
            write_all(graph);
            if (random.below(2) == 0) levels.resize(random.below(levels.size() + 1));
            graph.truncate(levels.size());
            CHECK(has_levels(graph, levels) && holds_all(graph, levels.size()), seed, round);
        }
        graph.truncate(0);
        CHECK(has_levels(graph, {}), seed);
    }
}

TEST(graph_reserves_memory_once) {
    Graph graph(8);
    graph.extend(Levels{1, 0});
    write_all(graph);
    graph.reserve(1000);
    const uint32_t* links = graph.layers().front().links;
    graph.extend(Levels(998));
    CHECK(graph.layers().front().links == links && holds_all(graph, 2));
    graph.reserve(5);
    CHECK(graph.rows() == 1000 && graph.layers().front().links == links);
}

// New lists are empty even if the arrays that were cleared ahead have been replaced.
TEST(graph_extends_other_arrays_with_empty_lists) {
    Graph graph(4), smaller(4);
    graph.extend(Levels(100));
    smaller.extend(Levels(3));
    std::vector<Graph::Stored> layers;
    Graph::Stored& layer = layers.emplace_back(4);
    layer.nodes = 3;
    layer.links.resize(3 * 4);
    std::copy_n(smaller.layers().front().links, 3 * 4, layer.links.data());
    graph.restore(std::move(layers));
    graph.extend(Levels(80));
    CHECK(graph.rows() == 83 && unlinked(graph, 0));

    Graph larger(4);
    larger.reserve(10);
    larger.clear_ahead(10);
    larger.reserve(1000);
    larger.extend(Levels(1000));
    CHECK(larger.rows() == 1000 && unlinked(larger, 0));
}

// Rows 1 and 2 are removed: row 5 replaces one of them, nothing the other.
TEST(graph_redirects_links) {
    Graph graph(4);
    graph.extend(Levels{1, 1, 1, 0, 0, 1});
    const auto write = [&](size_t layer, uint32_t node, const std::vector<uint32_t>& links) {
        for (size_t i = 0; i < links.size(); ++i) graph.layers()[layer].set(node, i, links[i]);
    };
    const auto read = [&](size_t layer, uint32_t node) {
        const auto links = graph.layers()[layer].links_of(node);
        return std::vector<uint32_t>(links.begin(), links.end());
    };
    using Links = std::vector<uint32_t>;
    write(0, 0, {1, 3, 2, 4});
    write(0, 3, {5, 1, 0});
    write(0, 4, {2, 99, 3});
    write(0, 5, {1, 2});
    write(1, 0, {1, 2});  // nodes of rows 0, 1, 2, 5
    write(1, 3, {1, 0});
    for (size_t layer = 0; layer < graph.layers().size(); ++layer)
        for (uint32_t node = 0; node < graph.layers()[layer].count; ++node)
            graph.redirect_links(layer, node, [](uint32_t row) {
                return row == 1 ? 5 : row == 2 ? vecq::kNone : row;
            });
    CHECK(read(0, 0) == Links({5, 3, 4}) && read(0, 3) == Links({5, 0}));
    CHECK(read(0, 4) == Links({3}) && read(0, 5).empty());
    CHECK(read(1, 0) == Links({3}) && read(1, 3) == Links({0}));
}

TEST(graph_views_start_at_the_entry_points) {
    Graph graph(4);
    graph.extend(Levels{2, 1, 1, 0});
    graph.enter_at({1, 2}, 2);
    const vecq::GraphView view = graph.view();
    CHECK(view.layers == graph.layers().data() && view.layer_count == 2 && view.entry_count == 2);
    CHECK(view.entries[0] == 1 && view.entries[1] == 2 && graph.entries().size() == 2);
    graph.enter_at({0}, 3);
    CHECK(graph.view().layer_count == 3 && graph.entries()[0] == 0);
    graph.extend(Levels{3});
    CHECK(graph.view().layer_count == 3 && graph.layers().size() == 4);  // until enter_at
}

TEST(graph_lists_end_at_the_first_free_place) {
    const Graph graph = graph_of(3, {{1, 2}, {2, 0, 1}, {}});
    const Layer& layer = graph.layers().front();
    CHECK(links_of(layer, 0) == Nodes({1, 2}) && links_of(layer, 1) == Nodes({2, 0, 1}));
    CHECK(layer.links_of(2).empty());
}

TEST(reachability_follows_directed_links) {
    //                              0    1    2  3    4    5  6    7
    const Graph graph = graph_of(2, {{1}, {2}, {}, {0}, {5}, {}, {6}, {5, 1}});
    Reachability reach = Reachability::complete(graph.view());
    CHECK(held(reach, 8) == Nodes({0, 1, 2}));
    reach.spread(2);
    CHECK(held(reach, 8) == Nodes({0, 1, 2}));
    reach.spread(6);
    CHECK(held(reach, 8) == Nodes({0, 1, 2, 6}));
    reach.spread(7);
    CHECK(held(reach, 8) == Nodes({0, 1, 2, 5, 6, 7}));
    reach.spread(4);
    reach.spread(3);
    CHECK(held(reach, 8).size() == 8);
}

TEST(reachability_starts_at_all_entry_points) {
    Graph graph = graph_of(2, {{1}, {0}, {3}, {2}, {5}, {4}});
    CHECK(held(Reachability::complete(graph.view()), 6) == Nodes({0, 1}));
    graph.enter_at({5, 3, 4}, 1);
    CHECK(held(Reachability::complete(graph.view()), 6) == Nodes({2, 3, 4, 5}));
    graph.enter_at({}, 1);
    CHECK(held(Reachability::complete(graph.view()), 6).empty());
}

// Entry points are nodes of the top layer.
TEST(reachability_descends_from_upper_layers) {
    Graph graph(4);
    graph.extend(Levels{0, 1, 0, 2, 0});
    fill(graph.layers()[0], 3, {4});
    graph.enter_at({0}, 3);  // row 3
    CHECK(held(Reachability::complete(graph.view()), 5) == Nodes({3, 4}));
    graph.enter_at({0, 1}, 2);  // rows 1 and 3
    CHECK(held(Reachability::complete(graph.view()), 5) == Nodes({1, 3, 4}));
}

TEST(reachability_agrees_with_a_graph_search) {
    for (uint64_t seed = 0; seed < 50; ++seed) {
        Random random(seed);
        std::vector<Nodes> lists(200);
        for (uint32_t node = 0; node < lists.size(); ++node)
            lists[node] = random_links(random, random.below(4), lists.size(), node);
        const Graph graph = graph_of(3, lists);
        const Layer& layer = graph.layers().front();
        const auto expected = reached_from(layer, 0, all_nodes(layer));
        CHECK(held(Reachability::complete(graph.view()), 200) ==
                  Nodes(expected.begin(), expected.end()),
              seed);
    }
}
