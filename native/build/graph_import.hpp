// A graph that was made elsewhere. Every list is validated as it comes, so that an adopted graph is
// as good as one that was linked here.
#pragma once

#include <memory>

#include "rows/graph_exchange.hpp"
#include "rows/index_state.hpp"

namespace vecq {

class GraphImport {
public:
    // The highest layer of each of the `count` staged rows.
    GraphImport(const IndexState& state, const uint8_t* levels, size_t count);

    void add_links(size_t layer, const LinkLists& lists);
    // While no search runs: puts the graph and the staged rows into the index.
    void adopt(IndexState& state, uint32_t entry);

private:
    Graph graph_;
};

}  // namespace vecq
