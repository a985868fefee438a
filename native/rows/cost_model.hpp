// What searches of an index cost on this machine, measured on a few of its own rows when it has
// grown.
#pragma once

#include <cstddef>

namespace vecq {

// Seconds on one thread.
struct CostModel {
    size_t rows = 0;  // of the index when this was measured; 0: never
    struct Line {
        double fixed, slope;
        double at(double x) const { return fixed + slope * x; }
    };
    Line walk, lone_walk;  // by beam width: per query of a batch, and of a lone query
    double row, lone_row;  // scoring one of contiguous rows
    double gathered_row, lone_gathered_row;  // scoring one of rows anywhere
    // The distance to the i-th nearest row grows as i to this power; 0: unknown.
    float distance_growth = 0;
};

}  // namespace vecq
