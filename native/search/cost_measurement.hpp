// Measures the cost model of an index on this machine, with a few of its own rows as queries.
#pragma once

#include "rows/index_state.hpp"

namespace vecq {

// Whether the index has doubled since the last measurement and is large enough for one.
bool needs_cost_measurement(const IndexState& state);
// Takes milliseconds. The index must not change meanwhile.
CostModel measured_costs(const IndexState& state);

}  // namespace vecq
