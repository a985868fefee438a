// How much memory this process may have: that of the machine, or of the least of its control groups.
#pragma once

#include <cstdint>

namespace vecq {

uint64_t memory_limit();

}  // namespace vecq
