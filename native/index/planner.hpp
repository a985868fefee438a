// Which way a search takes, by what each would cost.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vecq {

// walk:      over the graph; rows that don't pass lead on but are not kept, or are stepped over where
//            they are more than was to be expected
// step_over: over the graph; rows that don't pass are never scored, their links are read in their place
// scan:      scores all rows, or those that pass a filter
enum class Plan : uint8_t { automatic, walk, step_over, scan };

// How fast an index's rows are walked and scanned on this machine, on one thread, in seconds.
struct Pace {
    size_t rows = 0;  // when this was measured; 0: never
    struct Line {
        double fixed, slope;
        double at(double x) const { return fixed + slope * x; }
    };
    Line walk, walk_alone;            // by how many rows are kept: of many queries, of a single one
    double row, row_alone;            // scored, one behind the other
    double gathered, gathered_alone;  // scored, from anywhere
    // Distances from a row to its i-th nearest grow as i to this power; 0: not known.
    float growth = 0;
};

struct Question {
    size_t rows, passing;  // all, and those that pass the filter
    size_t queries;
    size_t walkers, scanners;       // threads that there would be
    size_t walk_width, scan_width;  // how many rows are kept
    size_t excluded;                // of a query, on average
    bool filtered;
};

// Seconds that a call would take.
struct Costs {
    double walk, step_over, scan;
};

Costs costs_of(const Pace& pace, const Question& question);
// Of those that find what passes wherever it lies: never stepping over.
Plan cheapest(const Costs& costs);

// A filter that lets less than this part through is scanned by a list of what it lets through.
inline constexpr double kWorthListing = 0.5;

}  // namespace vecq
