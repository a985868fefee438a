// Statistics of an index: counts and memory.
#pragma once

#include <cstddef>
#include <vector>

#include "rows/index_state.hpp"

namespace vecq {

struct IndexStats {
    size_t rows = 0;
    std::vector<size_t> layer_rows;  // items per layer
    std::vector<size_t> degrees;     // items by their number of links on layer 0
    size_t unreachable = 0, near_zero = 0, vacant = 0;
    size_t code_bytes = 0, link_bytes = 0, id_bytes = 0, rerank_bytes = 0;
    size_t attribute_bytes = 0;
    size_t cells = 0, cell_bytes = 0;
};

// The index must not change meanwhile. O(links).
IndexStats stats_of(const IndexState& state);

}  // namespace vecq
