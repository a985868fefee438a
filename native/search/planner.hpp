// Chooses the plan of a search by estimated cost.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "rows/cost_model.hpp"

namespace vecq {

// walk: walks the graph; rejected rows route the walk but are not returned, and the walk steps over
// them where local selectivity is low.
// step_over: walks the graph; rejected rows are never scored, their neighbors are read instead.
// scan: scores all allowed rows.
// probe: scores the rows of the cells whose centroids are nearest to a query.
enum class Plan : uint8_t { automatic, walk, step_over, scan, probe };

struct Question {
    size_t rows, passing;  // number of all rows, and of allowed ones
    size_t queries;
    size_t walkers, scanners;       // number of threads of a walk and of a scan
    size_t beam_width, scan_width;  // number of rows that each keeps
    size_t excluded;                // mean number of excluded rows per query
    bool has_filter;
    size_t probes = 0, cells = 0;  // of probes and of all cells; 0: no plan to choose
    size_t others = 0;             // number of rows in no cell
};

// Estimated seconds of a call per plan. Infinite: the plan is not possible.
struct Costs {
    double walk, step_over, scan;
    double probe = std::numeric_limits<double>::infinity();
};

Costs costs_of(const CostModel& model, const Question& question);
// Estimated seconds to score listed rows `scored` times in blocks of queries and to keep `kept`.
double block_scan_cost(const CostModel& model, size_t scored, size_t kept);
// Returns walk, scan or probe, never step_over: that may miss rows far from a query.
Plan cheapest(const Costs& costs);

// Below this selectivity a filter keeps a list of its rows, which scans read.
inline constexpr double kListedShare = 0.5;

}  // namespace vecq
