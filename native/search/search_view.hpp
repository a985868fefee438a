// Where searches enter the graph: at a few dozen nodes of layer 1, which take less time to score
// than a descent through the layers above.
#pragma once

#include <vector>

#include "rows/index_state.hpp"

namespace vecq {

// Returns the graph as a search walks it. `entries` holds its entry points, the first of which is
// that of the whole graph: every node of layer 0 is reachable from it.
GraphView search_view(const IndexState& state, std::vector<uint32_t>& entries);

}  // namespace vecq
