// The parameters, counters and scratch memory of a walk. Callers reuse the scratch memory, because
// it is expensive to allocate.
#pragma once

#include <vector>

#include "base/row_filter.hpp"
#include "graph/beam.hpp"
#include "graph/visited.hpp"

namespace vecq {

// The most walks that a thread interleaves.
inline constexpr size_t kMaxInterleaved = 4;

// Ends a walk before all candidates of the beam are expanded: once the next one is `factor` times
// as far from the query as the k-th best, in squared distances, where the squared distance is
// `zero` - score; or once the next candidate is worse than the `reach`-th best result.
struct StopRule {
    size_t k = 0;  // 0: never
    float zero = 0, factor = 0;
    size_t reach = 0;  // 0: never
};

// A walk searches layer `target_layer` with a beam of `width` (ef).
struct WalkParams {
    size_t target_layer, width;
    StopRule stop;
    bool may_widen = false;  // whether Walk::widen() may be called
};

// The effort with which a walk that is over continues.
struct WalkEffort {
    size_t width = 0;  // 0: it does not continue
    StopRule stop = {};
};

// The filter of a walk that may return every node.
struct NoFilter {
    bool allows(uint32_t) const { return true; }
};

struct WalkCounts {
    uint64_t hops = 0;    // expanded nodes
    uint64_t scores = 0;  // scored rows
};

struct WalkScratch {
    Visited visited;
    Beam beam;
    Beam results;               // the allowed nodes of a filtered walk
    std::vector<float> scores;  // of the logged nodes, if the walk may widen
    WalkCounts counts;
};

}  // namespace vecq
