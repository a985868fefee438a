// Rows on their way into an index's graph.
#pragma once

#include "base/memory.hpp"
#include "graph/connect.hpp"
#include "graph/link.hpp"
#include "index/index.hpp"

namespace vecq {

// What one thread links with.
struct LinkWorker {
    LinkScratch scratch;
    Memory room;
};

struct Index::Addition {
    size_t first;                 // of its rows
    std::vector<uint8_t> levels;  // of its rows
    size_t in_graph;              // its rows that belong into the graph; the rest stays aside
    Locks locks;
    std::vector<std::unique_ptr<LinkWorker>> workers;
    std::vector<uint32_t> samples;  // rows whose best items are yet to be connected
    size_t sampled = 0;             // users and rows
    std::optional<Connector> connector;
};

}  // namespace vecq
