// Rows on their way into an index's graph.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace vecq {

struct Addition {
    std::vector<uint32_t> rows;  // in the order in which they are linked
    size_t in_graph = 0;         // the first of them; the others are near zero and stay outside
    size_t linked = 0;
    bool replaces_items = false;
    size_t rows_before = 0;
};

}  // namespace vecq
