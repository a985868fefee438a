// The memory limit of this process.
#pragma once

#include <cstdint>

namespace vecq {

// Returns the physical memory of the machine in bytes, or the tightest cgroup limit if lower.
uint64_t memory_limit();

}  // namespace vecq
