// What linking rows into a graph needs, and works in.
#pragma once

#include <memory>

#include "graph/layer.hpp"
#include "graph/locks.hpp"
#include "graph/walk.hpp"

namespace vecq {

struct LinkJob {
    GraphView graph;
    size_t links;           // chosen for a new node; the others that link back fill the rest
    size_t width;           // of the walk that finds candidates
    const uint8_t* levels;  // the highest layer of each row, from `first_row` on
    size_t first_row;
    Locks* locks;
};

struct LinkScratch {
    WalkScratch walks[kMostTurns];
    Frontier candidates;
    uint32_t chosen[kMaxDegree], rows[kMaxDegree + 16];
};

}  // namespace vecq
