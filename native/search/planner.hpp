// Which way a search takes, by what each way would cost.
#pragma once

#include <cstddef>
#include <cstdint>

#include "rows/cost_model.hpp"

namespace vecq {

// walk:      over the graph; rejected rows route the walk but are not returned, and are stepped
// over where
//            local selectivity is low
// step_over: over the graph; rejected rows are never scored, their neighbors are read instead
// scan:      scores all rows, or those that pass a filter
enum class Plan : uint8_t { automatic, walk, step_over, scan };

struct Question {
    size_t rows, passing;  // all rows, and those that pass the filter
    size_t queries;
    size_t walkers, scanners;       // threads that a walk and a scan would use
    size_t beam_width, scan_width;  // rows that each would keep
    size_t excluded;                // per query, on average
    bool has_filter;
};

// Estimated seconds of a call; infinite: the way is not possible.
struct Costs {
    double walk, step_over, scan;
};

Costs costs_of(const CostModel& model, const Question& question);
// Never step_over, which may miss rows that lie far from a query.
Plan cheapest(const Costs& costs);

// Below this selectivity a filter lists its rows, and a scan reads the list.
inline constexpr double kListedShare = 0.5;

}  // namespace vecq
