// The inputs and the scratch memory of linking and unlinking rows.
#pragma once

#include <memory>

#include "base/row_set.hpp"
#include "graph/layer.hpp"
#include "graph/list_locks.hpp"
#include "graph/walk.hpp"

namespace vecq {

struct LinkJob {
    GraphView graph;
    size_t links;  // links chosen for a new node (M); backlinks fill the rest of its list
    size_t width;  // beam width of the candidate walk (ef_construction)
    const uint64_t* linkable;  // one bit per row that may be linked to; null: all
    ListLocks* locks;
};

// Scratch memory of neighbor selection.
struct ListScratch {
    Beam sorted;
    uint32_t chosen[kMaxDegree], rows[kMaxDegree + 16];
};

struct LinkScratch {
    WalkScratch walks[kMaxInterleaved];
    ListScratch lists;
    RowSet neighborhood;  // nodes near the one that is being unlinked
};

}  // namespace vecq
