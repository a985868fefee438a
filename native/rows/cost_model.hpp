// The cost of searches on this machine, measured with a few rows of the index when it has grown.
#pragma once

#include <cstddef>

namespace vecq {

// Seconds on one thread.
struct CostModel {
    size_t rows = 0;  // number of items when measured; 0: never measured
    struct Line {
        double fixed, slope;
        double at(double x) const { return fixed + slope * x; }
    };
    Line walk, lone_walk;  // per query as a function of beam width: in a batch, and alone
    double row, lone_row;  // to score one of contiguous rows
    double gathered_row, lone_gathered_row;  // to score one row of a list
    // Distance growth rate: the i-th nearest row is at a distance proportional to i to this power.
    // 0: unknown.
    float distance_growth = 0;
};

}  // namespace vecq
