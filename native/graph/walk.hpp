// What a walk works in, and counts. Kept between walks, for it costs more to make than to use.
#pragma once

#include "base/gate.hpp"
#include "graph/frontier.hpp"
#include "graph/visited.hpp"

namespace vecq {

// Nodes that a walk follows at a time: more rows come together, which fills groups of sixteen and
// hides more of memory's latency, for a few rows that it would not have looked at. Best of 1 to 4.
inline constexpr size_t kExpansions = 3;

// Walks that may take turns on a thread.
inline constexpr size_t kMostTurns = 4;

// Ends a walk before it has expanded all that it keeps: once the next node is `factor` times as far from
// the query as the k-th best, by squared distances, which are `zero` minus a score.
struct Stop {
    size_t k = 0;  // 0: never
    float zero = 0, factor = 0;
};

// What a walk is to find: the best `width` nodes of layer `floor`.
struct WalkGoal {
    size_t floor, width;
    Stop stop;
};

// The gate of a walk that may return whatever it finds.
struct OpenGate {
    bool allows(uint32_t) const { return true; }
};

struct WalkCounts {
    uint64_t hops = 0;    // nodes whose links were read
    uint64_t scores = 0;  // rows that were scored
};

struct WalkScratch {
    Visited visited;
    Frontier frontier;
    Frontier kept;  // what may be returned, where not everything may
    // Nodes and their rows, to be scored next; whole groups of sixteen.
    uint32_t nodes[kExpansions * kMaxDegree + 16];
    uint32_t rows[kExpansions * kMaxDegree + 16];
    WalkCounts counts;
};

}  // namespace vecq
