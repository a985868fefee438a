// The order of the rows of an addition, in the table and for linking.
#pragma once

#include <span>
#include <vector>

#include "rows/index_state.hpp"

namespace vecq {

// Returns staged rows, numbered from 0, highest levels first, or in a flat graph longest rows
// first. Rows without a level come last: they fill slots. Rows of a level keep their order.
std::vector<uint32_t> link_order(const IndexState& state, std::span<const uint8_t> levels,
                                 std::vector<uint32_t> rows);

}  // namespace vecq
