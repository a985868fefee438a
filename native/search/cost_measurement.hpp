// Measures how fast an index answers on this machine, with a few of its own rows as queries.
#pragma once

#include "rows/index_state.hpp"

namespace vecq {

// Whether the index has twice the rows of the last measurement, and enough to measure.
bool needs_cost_measurement(const IndexState& state);
// Takes milliseconds. While nothing changes.
CostModel measured_costs(const IndexState& state);

}  // namespace vecq
