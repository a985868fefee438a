// What a walk works in, and counts. Kept between walks, for it costs more to make than to use.
#pragma once

#include "graph/frontier.hpp"
#include "graph/visited.hpp"

namespace vecq {

// Nodes that a walk follows at a time: more rows come together, which fills groups of sixteen and
// hides more of memory's latency, for a few rows that it would not have looked at. Best of 1 to 4.
inline constexpr size_t kExpansions = 3;

// Walks that may take turns on a thread.
inline constexpr size_t kMostTurns = 4;

struct WalkCounts {
    uint64_t hops = 0;    // nodes whose links were read
    uint64_t scores = 0;  // rows that were scored
};

struct WalkScratch {
    Visited visited;
    Frontier frontier;
    // Nodes and their rows, to be scored next; whole groups of sixteen.
    uint32_t nodes[kExpansions * kMaxDegree + 16];
    uint32_t rows[kExpansions * kMaxDegree + 16];
    WalkCounts counts;
};

}  // namespace vecq
