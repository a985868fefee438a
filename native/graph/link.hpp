// What linking rows into a graph and unlinking them needs, and works in.
#pragma once

#include <memory>

#include "base/row_set.hpp"
#include "graph/layer.hpp"
#include "graph/locks.hpp"
#include "graph/walk.hpp"

namespace vecq {

struct LinkJob {
    GraphView graph;
    size_t links;           // chosen for a new node; the others that link back fill the rest
    size_t width;           // of the walk that finds candidates
    const uint64_t* taken;  // a bit for each row that may be linked to; null: all
    Locks* locks;
};

// What lists are chosen in.
struct ListScratch {
    Frontier sorted;
    uint32_t chosen[kMaxDegree], rows[kMaxDegree + 16];
};

struct LinkScratch {
    WalkScratch walks[kMostTurns];
    ListScratch lists;
    RowSet near;  // nodes around one that is being unlinked
};

}  // namespace vecq
