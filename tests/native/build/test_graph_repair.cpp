// Graph repair: connecting lists of nodes, and attaching unreachable nodes.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>
#include <vector>

#include "base/rng.hpp"
#include "check.hpp"
#include "build/host_finder.hpp"
#include "build/list_connector.hpp"
#include "graph/graph.hpp"
#include "graph/reachability.hpp"
#include "graphs.hpp"

using namespace graphs;
using vecq::Graph;
using vecq::HostFinder;
using vecq::Key;
using vecq::key_of;
using vecq::kNone;
using vecq::Layer;
using vecq::ListConnector;
using vecq::Random;
using vecq::Reachability;

namespace {

constexpr float kMaxSimilarity = -1;

// Negative, like minus a distance, and often equal.
float similarity_of(uint32_t a, uint32_t b) {
    const uint32_t distance = a > b ? a - b : b - a;
    return kMaxSimilarity - static_cast<float>(distance / 10);
}

const ListConnector::Similarity kSimilarity = [](uint32_t node, std::span<const uint32_t> others,
                                                 float* scores) {
    for (const uint32_t other : others) *scores++ = similarity_of(node, other);
};

size_t link_count(const Layer& layer) {
    size_t sum = 0;
    for (uint32_t node = 0; node < layer.count; ++node) sum += layer.links_of(node).size();
    return sum;
}

bool reaches(const Layer& layer, uint32_t from, uint32_t to) {
    return reached_from(layer, from, all_nodes(layer)).contains(to);
}

// Returns the reachable nodes most similar to `node`.
std::vector<Key> near_of(const Reachability& reach, uint32_t count, uint32_t node) {
    std::vector<Key> keys;
    for (uint32_t other = 0; other < count; ++other)
        if (reach.contains(other)) keys.push_back(key_of(similarity_of(node, other), other));
    std::sort(keys.begin(), keys.end());
    keys.resize(std::min<size_t>(keys.size(), 5));
    return keys;
}

// Attaches all unreachable nodes like GraphRepair.
void attach_all(const Graph& graph) {
    const Layer& layer = graph.layers().front();
    Reachability reach = Reachability::complete(graph.view());
    HostFinder attacher(layer);
    for (uint32_t node = 0; node < layer.count; ++node) {
        if (reach.contains(node)) continue;
        const uint32_t host = attacher.attached_host();
        if (host != kNone && similarity_of(node, host) == kMaxSimilarity)
            attacher.attach_to_host(node);
        else
            attacher.attach(node, near_of(reach, static_cast<uint32_t>(layer.count), node));
        CHECK(reached_from(layer, 0, all_nodes(layer)).contains(node), node);
        reach.spread(node);
    }
}

// Returns a graph in which nodes below `core` link only to each other, so that the others are
// unreachable. With `is_full` no list has a free place.
Graph partly_unreachable_graph(Random& random, size_t degree, size_t count, size_t core,
                               bool is_full) {
    std::vector<Nodes> lists(count);
    for (uint32_t node = 0; node < count; ++node) {
        const size_t length = is_full ? degree : random.below(degree + 1);
        lists[node] = random_links(random, length, node < core ? core : count, node);
    }
    return graph_of(degree, lists);
}

}  // namespace

TEST(connector_links_from_the_most_similar_node) {
    const Graph graph = graph_of(2, {{}, {}, {}, {}, {}});
    const Layer& layer = graph.layers().front();
    ListConnector connector(layer);
    const ListConnector::Similarity near = [](uint32_t node, std::span<const uint32_t> others,
                                              float* scores) {
        for (const uint32_t other : others)
            *scores++ = -std::fabs(static_cast<float>(node) - static_cast<float>(other));
    };
    CHECK(connector.connect(Nodes{0, 4, 1, 2}, near) == 3);
    CHECK(links_of(layer, 0) == Nodes({4, 1}) && links_of(layer, 1) == Nodes({2}));
    CHECK(layer.links_of(2).empty() && layer.links_of(3).empty() && layer.links_of(4).empty());
    CHECK(connector.connect(Nodes{0, 4, 1, 2}, near) == 0);
    CHECK(connector.connect(Nodes{0, 3}, near) == 0);  // all reached lists are full
    CHECK(connector.connect(Nodes{1, 0, 3}, near) == 1);
    CHECK(links_of(layer, 1) == Nodes({2, 0}) && layer.links_of(0).size() == 2);
    CHECK(connector.connect({}, near) == 0 && connector.connect(Nodes{3}, near) == 0);
}

// Paths through nodes outside the list do not count.
TEST(connector_stays_within_the_list) {
    const Graph graph = graph_of(2, {{1}, {2}, {0}, {}});
    const Layer& layer = graph.layers().front();
    ListConnector connector(layer);
    CHECK(connector.connect(Nodes{0, 2}, kSimilarity) == 1);
    CHECK(links_of(layer, 0) == Nodes({1, 2}));
    CHECK(connector.connect(Nodes{2, 1}, kSimilarity) == 1 && links_of(layer, 2) == Nodes({0, 1}));
}

TEST(connector_adds_nothing_to_full_lists) {
    const Graph graph = graph_of(2, {{4, 5}, {4, 5}, {4, 5}, {5, 4}, {5, 0}, {0, 1}});
    const Layer& layer = graph.layers().front();
    const Nodes before(layer.links, layer.links + 12);
    CHECK(ListConnector(layer).connect(Nodes{0, 1, 2, 3}, kSimilarity) == 0);
    CHECK(Nodes(layer.links, layer.links + 12) == before);
}

TEST(connector_connects_all_nodes_if_places_are_free) {
    for (uint64_t seed = 0; seed < 60; ++seed) {
        Random random(seed);
        const size_t count = 100, degree = 2 + seed % 4;
        const bool has_free_places = seed % 2 == 0;  // in every list
        std::vector<Nodes> lists(count);
        for (uint32_t node = 0; node < count; ++node)
            lists[node] =
                random_links(random, random.below(degree + 1 - has_free_places), count, node);
        const Graph graph = graph_of(degree, lists);
        const Layer& layer = graph.layers().front();
        ListConnector connector(layer);
        for (int round = 0; round < 5; ++round) {
            const Nodes list = random_links(random, 1 + random.below(40), count, kNone);
            const size_t before = link_count(layer);
            const size_t added = connector.connect(list, kSimilarity);
            CHECK(link_count(layer) == before + added && well_formed(layer), seed, round);
            if (round > 0 || !has_free_places) continue;  // the first round uses up the free places
            const std::set<uint32_t> all(list.begin(), list.end());
            CHECK(reached_from(layer, list[0], all) == all, seed, list.size());
            CHECK(connector.connect(list, kSimilarity) == 0, seed);
        }
        for (uint32_t node = 0; node < count; ++node) {
            const Nodes now = links_of(layer, node);
            CHECK(std::equal(lists[node].begin(), lists[node].end(), now.begin()), seed, node);
        }
    }
}

TEST(attacher_links_from_the_nearest_node_with_a_free_place) {
    const Graph graph = graph_of(2, {{1, 2}, {0}, {}, {}});
    const Layer& layer = graph.layers().front();
    HostFinder attacher(layer);
    CHECK(attacher.attached_host() == kNone);
    attacher.attach(3, std::vector<Key>{key_of(5, 0), key_of(4, 1), key_of(4, 2)});
    CHECK(links_of(layer, 1) == Nodes({0, 3}) && layer.links_of(2).empty());
    CHECK(links_of(layer, 0) == Nodes({1, 2}) && layer.links_of(3).empty());
}

TEST(attacher_uses_attached_nodes_as_hosts) {
    const Graph graph = graph_of(2, {{}, {}, {}, {}, {}, {}, {}});
    const Layer& layer = graph.layers().front();
    const std::vector<Key> near = {key_of(-1, 0)};
    HostFinder attacher(layer);
    attacher.attach(1, near);
    CHECK(links_of(layer, 0) == Nodes({1}) && attacher.attached_host() == 1);
    attacher.attach(2, near);
    CHECK(links_of(layer, 0) == Nodes({1, 2}) && attacher.attached_host() == 1);
    attacher.attach_to_host(3);
    CHECK(links_of(layer, 1) == Nodes({3}) && attacher.attached_host() == 1);
    attacher.attach_to_host(4);
    CHECK(links_of(layer, 1) == Nodes({3, 4}) && attacher.attached_host() == 2);
    attacher.attach_to_host(5);
    attacher.attach_to_host(6);
    CHECK(links_of(layer, 2) == Nodes({5, 6}) && attacher.attached_host() == 3);
    CHECK(links_of(layer, 0) == Nodes({1, 2}));
}

TEST(attacher_replaces_the_last_link_of_the_nearest_node) {
    const Graph graph = graph_of(2, {{1, 2}, {0, 2}, {}, {2}});
    const Layer& layer = graph.layers().front();
    HostFinder(layer).attach(3, std::vector<Key>{key_of(-1, 0), key_of(-2, 1)});
    CHECK(links_of(layer, 0) == Nodes({1, 3}) && links_of(layer, 1) == Nodes({0, 2}));
    CHECK(links_of(layer, 3) == Nodes({2}));  // it had this link already
    const Graph other = graph_of(1, {{1}, {}, {}});
    HostFinder(other.layers().front()).attach(2, std::vector<Key>{key_of(-1, 0)});
    CHECK(links_of(other.layers().front(), 0) == Nodes({2}));
    CHECK(links_of(other.layers().front(), 2) == Nodes({1}));
}

// There is no host, and the list of the first attached node is full.
TEST(attacher_attaches_nodes_whose_lists_are_full) {
    for (const bool has_free_place : {true, false}) {
        const Nodes second = has_free_place ? Nodes{0} : Nodes{0, 2};
        const Graph graph = graph_of(2, {{1, 2}, second, {0}, {4, 5}, {3, 5}, {3, 4}});
        const Layer& layer = graph.layers().front();
        HostFinder attacher(layer);
        CHECK(attacher.attached_host() == kNone);
        attacher.attach(3, std::vector<Key>{key_of(-1, 0), key_of(-2, 1)});
        for (const uint32_t node : {1U, 2U, 3U})
            CHECK(reaches(layer, 0, node), has_free_place, node);
        CHECK(well_formed(layer) && attacher.attached_host() == kNone, has_free_place);
        CHECK(layer.links_of(3).size() == 2 && links_of(layer, 3).front() == 4, has_free_place);
    }
}

TEST(attacher_makes_all_nodes_reachable) {
    for (uint64_t seed = 0; seed < 200; ++seed) {
        Random random(seed);
        const size_t degree = 1 + seed % 5, count = 150;
        const size_t core = seed % 7 == 0 ? 1 : degree + 1 + random.below(20);
        const Graph graph = partly_unreachable_graph(random, degree, count, core, seed % 3 == 0);
        const Layer& layer = graph.layers().front();
        CHECK(reached_from(layer, 0, all_nodes(layer)).size() <= core, seed);
        attach_all(graph);
        CHECK(reached_from(layer, 0, all_nodes(layer)).size() == count, seed, degree, core);
        CHECK(well_formed(layer), seed);
    }
}
