// Rows on their way into an index's graph.
#pragma once

#include "base/memory.hpp"
#include "graph/connect.hpp"
#include "graph/link.hpp"
#include "index/index.hpp"

namespace vecq {

// Where walks for inner products begin: at so many of the longest rows.
inline constexpr size_t kEntries = 32;
// The whole graph is looked over once a part of all rows came or went, this one.
inline constexpr size_t kSweepEvery = 64;

// What one thread links with.
struct LinkWorker {
    LinkScratch scratch;
    Memory room;
};

struct Index::Addition {
    std::vector<uint32_t> rows;  // in the order in which they are linked
    size_t in_graph;             // those that belong into the graph; the rest stays aside
    size_t linked = 0;
    bool updates;  // some of them replace others
    size_t rows_before;
    std::vector<uint32_t> samples;  // rows whose best items are yet to be connected
    size_t sampled = 0;             // users and rows
    std::optional<Connector> connector;
};

}  // namespace vecq
