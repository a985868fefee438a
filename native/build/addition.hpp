// The rows of one addition, from staging to linking.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace vecq {

// How the rows of an addition are linked.
enum class BuildMethod : uint8_t { automatic, bulk, incremental };

struct Addition {
    std::vector<uint32_t> rows;  // in link order
    size_t in_graph = 0;         // number of leading rows to link; the others are near zero
    size_t linked = 0;           // number of leading rows that are linked and visible
    bool replaces_items = false;
    size_t rows_before = 0;  // number of items before the addition
};

}  // namespace vecq
