// Import of graphs: an exported and imported graph gives the same answers, invalid graphs are
// refused by argument, and adopted graphs work like linked ones.
#include <cstring>
#include <string>
#include <vector>

#include <algorithm>
#include "check.hpp"
#include "failing.hpp"
#include "files.hpp"
#include "indexes.hpp"
#include "random_vector.hpp"
#include "vecq.h"

using namespace indexes;
using samples::random_vector;

namespace {

constexpr size_t kDim = 16, kRows = 600, kWidth = 16;
constexpr uint32_t kUnused = UINT32_MAX;

using Links = std::vector<uint32_t>;

// A graph with its rows, as the ABI exports it.
struct Exported {
    vecq_graph graph = sized<vecq_graph>();
    std::vector<uint8_t> levels;
    Ids ids;
    Vector vectors;
    std::vector<Links> layers;  // kWidth links per node

    explicit Exported(const Index& index) {
        CHECK(vecq_index_export_graph(index.own, &graph, nullptr) == VECQ_OK);
        levels.resize(graph.rows);
        ids.resize(graph.rows);
        vectors.resize(graph.rows * kDim);
        CHECK(vecq_index_export_rows(index.own, 0, graph.rows, levels.data(), ids.data(),
                                     vectors.data(), nullptr) == VECQ_OK);
        for (size_t layer = 0; layer < graph.layers; ++layer) {
            layers.emplace_back(nodes(layer) * kWidth);
            CHECK(vecq_index_export_links(index.own, layer, 0, nodes(layer), layers.back().data(),
                                          kWidth, nullptr) == VECQ_OK);
        }
    }

    size_t nodes(size_t layer) const {
        return static_cast<size_t>(std::count_if(levels.begin(), levels.end(),
                                                 [&](uint8_t level) { return level >= layer; }));
    }

    // Imports the graph. Returns the status of the first call that fails.
    vecq_status import_into(Index& index, uint32_t entry) const {
        vecq_status status =
            vecq_index_import_levels(index.own, levels.data(), levels.size(), &index.error);
        for (size_t layer = 0; layer < layers.size() && status == VECQ_OK; ++layer)
            status = vecq_index_import_links(index.own, layer, 0, layers[layer].size() / kWidth,
                                             layers[layer].data(), kWidth, &index.error);
        if (status != VECQ_OK) return status;
        const vecq_status adopted = vecq_index_import_adopt(index.own, entry, &index.error);
        return adopted == VECQ_OK ? indexes::repair(index.own, &index.error) : adopted;
    }
    vecq_status import_into(Index& index) const { return import_into(index, graph.entries[0]); }
};

Vector in_order(const Vector& vectors, const Ids& ids) {
    Vector ordered;
    for (const int64_t id : ids) {
        const float* vector = vectors.data() + static_cast<size_t>(id) * kDim;
        ordered.insert(ordered.end(), vector, vector + kDim);
    }
    return ordered;
}

vecq_index_options target_of(int32_t metric) {
    return options_of(metric, metric == VECQ_IP ? VECQ_LINK_LAYERED : VECQ_LINK_AUTO);
}

// An index with a layered graph, and an empty one with the same options.
struct Pair {
    Codec codec{VECQ_INT8, kDim};
    Vector vectors = random_vector(kRows * kDim, 1), queries = random_vector(20 * kDim, 2);
    Index source, target;

    explicit Pair(int32_t metric)
        : source(target_of(metric), codec), target(target_of(metric), codec) {
        CHECK(source.add(vectors), source.error.message);
    }
    Exported exported() const { return Exported(source); }
    vecq_status stage(const Exported& graph) {
        return target.stage(in_order(vectors, graph.ids), graph.ids);
    }
};

}  // namespace

TEST(imported_graphs_give_the_same_answers) {
    for (const int32_t metric : kMetrics) {
        Pair p(metric);
        const Exported graph = p.exported();
        CHECK(graph.graph.layers > 1 && graph.graph.rows == kRows && graph.graph.max_degree == 16);
        CHECK(p.stage(graph) == VECQ_OK && graph.import_into(p.target) == VECQ_OK, metric,
              p.target.error.message);
        CHECK(p.target.settle() == VECQ_OK && p.target.size() == kRows);
        for (const size_t ef : {size_t{1}, size_t{20}, kRows})
            CHECK(p.source.search(p.queries, search_of(10, ef)) ==
                      p.target.search(p.queries, search_of(10, ef)),
                  metric, ef);
        const Exported again(p.target);
        CHECK(again.levels == graph.levels && again.layers == graph.layers);
        CHECK(again.ids == graph.ids && again.vectors == graph.vectors);
    }
}

TEST(imported_graphs_can_grow_and_be_saved) {
    const files::Folder folder;
    const Vector more = random_vector(300 * kDim, 3);
    for (const int32_t metric : kMetrics) {
        Pair p(metric);
        const Exported graph = p.exported();
        CHECK(p.stage(graph) == VECQ_OK && graph.import_into(p.target) == VECQ_OK);
        CHECK(p.target.add(more), p.target.error.message);
        const vecq_index_stats stats = p.target.stats();
        CHECK(stats.rows == kRows + 300 && stats.unreachable == 0 && stats.layers > 1);
        Vector all = p.vectors;
        all.insert(all.end(), more.begin(), more.end());
        const Vector exact = exact_scores(p.codec, metric, 15, p.queries, all);
        const Found found = p.target.search(p.queries, search_of(20, 900));
        CHECK(finds_the_best(found, 20, exact, kRows + 300), metric);
        const std::string path = folder / "imported.vecq";
        CHECK(files::save(p.target.own, path) == VECQ_OK);
        vecq_index* opened = nullptr;
        CHECK(vecq_index_open_file(path.c_str(), 1, &opened, nullptr) == VECQ_OK);
        std::swap(opened, p.target.own);
        vecq_index_close(opened);
        CHECK(p.target.search(p.queries, search_of(20, 900)) == found);
        CHECK(p.target.add(random_vector(50 * kDim, 4)), p.target.error.message);
        CHECK(p.target.stats().layers == stats.layers);
    }
}

TEST(unreachable_nodes_of_imported_graphs_are_attached) {
    Pair p(VECQ_L2);
    Exported graph = p.exported();
    for (uint32_t& link : graph.layers[0])
        if (link % 3 == 0 && link != graph.graph.entries[0]) link = kUnused;
    for (size_t node = 0; node < kRows; ++node) {
        const auto list = graph.layers[0].begin() + static_cast<ptrdiff_t>(node * kWidth);
        std::stable_partition(list, list + kWidth, [](uint32_t link) { return link != kUnused; });
    }
    CHECK(p.stage(graph) == VECQ_OK && graph.import_into(p.target) == VECQ_OK,
          p.target.error.message);
    CHECK(p.target.stats().unreachable == 0);
    const Vector exact = exact_scores(p.codec, VECQ_L2, 15, p.queries, p.vectors);
    CHECK(finds_the_best(p.target.search(p.queries, search_of(10, kRows)), 10, exact, kRows));
}

TEST(invalid_graphs_are_refused_by_argument) {
    const auto no = [](const char* argument, const char* text, const auto& change) {
        Pair p(VECQ_COSINE);
        Exported graph = p.exported();
        CHECK(p.stage(graph) == VECQ_OK);
        change(graph);
        CHECK(graph.import_into(p.target) == VECQ_INVALID_ARGUMENT, text);
        CHECK(std::strcmp(p.target.error.argument, argument) == 0, p.target.error.message);
        CHECK(std::strstr(p.target.error.message, text) != nullptr, p.target.error.message);
        CHECK(p.target.settle() == VECQ_OK && p.target.size() == 0);
        CHECK(p.target.add(p.vectors), p.target.error.message);
    };
    const auto lowest = [](const Exported& graph) {
        return static_cast<uint32_t>(std::find(graph.levels.begin(), graph.levels.end(), 0) -
                                     graph.levels.begin());
    };
    no("count", "expected the staged rows", [](Exported& g) { g.levels.pop_back(); });
    no("levels", "at most 15", [](Exported& g) { g.levels[7] = 16; });
    no("count", "but the layer has", [](Exported& g) { g.layers[0].resize((kRows + 1) * kWidth); });
    no("layer", "but there are", [](Exported& g) { g.layers.emplace_back(kWidth, kUnused); });
    no("links", "lead to itself", [](Exported& g) { g.layers[0][5 * kWidth] = 5; });
    no("links", "twice", [](Exported& g) { g.layers[0][1] = g.layers[0][0]; });
    no("links", "not on that layer", [](Exported& g) { g.layers[0][0] = kRows; });
    no("links", "not on that layer", [](Exported& g) { g.layers[0][0] = kUnused - 1; });
    no("links", "not on that layer", [&](Exported& g) { g.layers[1][0] = lowest(g); });
    no("links", "after their end", [](Exported& g) {
        g.layers[0][0] = kUnused;
        g.layers[0][1] = 1;
    });
    no("links", "expected at most 8", [](Exported& g) {
        for (uint32_t i = 0; i < kWidth; ++i) g.layers[1][i] = i;
    });
    no("entry", "not on the highest layer", [&](Exported& g) { g.graph.entries[0] = lowest(g); });
    no("entry", "not on the highest layer", [](Exported& g) { g.graph.entries[0] = kUnused; });
}

TEST(import_calls_out_of_order_are_refused) {
    Pair p(VECQ_L2);
    const Exported graph = p.exported();
    const auto refused = [&](vecq_status status, const Index& index, const char* text) {
        CHECK(status == VECQ_INVALID_ARGUMENT && std::strstr(index.error.message, text) != nullptr,
              text, index.error.message);
    };
    refused(graph.import_into(p.source), p.source, "has rows");
    refused(vecq_index_import_links(p.target.own, 0, 0, 0, nullptr, 1, &p.target.error), p.target,
            "no levels");
    refused(vecq_index_import_adopt(p.target.own, 0, &p.target.error), p.target, "no levels");
    CHECK(p.stage(graph) == VECQ_OK);
    CHECK(vecq_index_import_levels(p.target.own, graph.levels.data(), kRows, nullptr) == VECQ_OK);
    CHECK(p.target.stage(random_vector(kDim, 9)) == VECQ_OK);
    refused(vecq_index_import_adopt(p.target.own, graph.graph.entries[0], &p.target.error),
            p.target, "has changed since");
    for (const size_t width : {size_t{0}, size_t{513}, SIZE_MAX})
        refused(vecq_index_import_links(p.target.own, 0, 0, 1, graph.layers[0].data(), width,
                                        &p.target.error),
                p.target, "width");
    Index flat(options_of(VECQ_IP), p.codec);
    CHECK(flat.stage(p.vectors) == VECQ_OK);
    refused(graph.import_into(flat), flat, "layered");
}

TEST(exports_refuse_invalid_arguments) {
    Pair p(VECQ_L2);
    const vecq_index* index = p.source.own;
    auto graph = sized<vecq_graph>();
    Links links(kWidth);
    uint8_t level;
    int64_t id;
    float vector[kDim];
    vecq_error error;
    const auto no = [&](const char* argument, vecq_status status) {
        CHECK(status == VECQ_INVALID_ARGUMENT && std::strcmp(error.argument, argument) == 0,
              argument, error.message);
    };
    no("index", vecq_index_export_graph(nullptr, &graph, &error));
    no("graph", vecq_index_export_graph(index, nullptr, &error));
    no("count", vecq_index_export_rows(index, kRows, 1, &level, &id, vector, &error));
    no("count", vecq_index_export_rows(index, SIZE_MAX, 1, &level, &id, vector, &error));
    no("levels", vecq_index_export_rows(index, 0, 1, nullptr, &id, vector, &error));
    no("ids", vecq_index_export_rows(index, 0, 1, &level, nullptr, vector, &error));
    no("vectors", vecq_index_export_rows(index, 0, 1, &level, &id, nullptr, &error));
    no("count", vecq_index_export_links(index, 0, kRows, 1, links.data(), kWidth, &error));
    no("layer", vecq_index_export_links(index, 16, 0, 1, links.data(), kWidth, &error));
    no("width", vecq_index_export_links(index, 0, 0, 1, links.data(), kWidth - 1, &error));
    no("links", vecq_index_export_links(index, 0, 0, 1, nullptr, kWidth, &error));
}

TEST(imports_survive_failed_allocations) {
    for (const int32_t metric : kMetrics) {
        const Pair p(metric);
        const Exported graph = p.exported();
        const Vector vectors = in_order(p.vectors, graph.ids);
        for (size_t number = 1;; ++number) {
            Index index(target_of(metric), p.codec);
            failing::allocations_until_failure = number;
            vecq_status status = index.stage(vectors, graph.ids);
            if (status == VECQ_OK) status = graph.import_into(index);
            const bool failed = failing::allocations_until_failure == 0;
            failing::allocations_until_failure = 0;
            CHECK(status == VECQ_OK || (failed && status == VECQ_OUT_OF_MEMORY), number, status);
            CHECK(index.settle() == VECQ_OK, index.error.message);
            CHECK(index.size() == 0 || index.size() == kRows, number);
            if (index.size() == kRows)
                CHECK(index.search(p.queries, search_of(5)) ==
                          p.source.search(p.queries, search_of(5)),
                      metric, number);
            if (!failed) break;
            if (number % 20 == 0)
                CHECK(index.add(p.queries) && files::problems_of(index.own) == 0, number);
        }
    }
}
