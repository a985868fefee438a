// A graph built elsewhere. Validates every list, so that an adopted graph satisfies the same
// invariants as one that was linked here.
#pragma once

#include <memory>

#include "rows/graph_exchange.hpp"
#include "rows/index_state.hpp"

namespace vecq {

class GraphImport {
public:
    // Takes the highest layer of each of the `count` staged rows.
    GraphImport(const IndexState& state, const uint8_t* levels, size_t count);

    void add_links(size_t layer, const LinkLists& lists);
    // Moves the graph into the index and makes the staged rows visible. No search may run.
    void adopt(IndexState& state, uint32_t entry);

private:
    Graph graph_;
};

}  // namespace vecq
