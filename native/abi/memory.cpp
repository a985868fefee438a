// Entry for the memory limit.
#include "abi/fence.hpp"
#include "storage/memory_limit.hpp"

using namespace vecq;

vecq_status vecq_memory_limit(uint64_t* bytes, vecq_error* error) {
    return fenced(error, [&] { *require(bytes, "bytes") = memory_limit(); });
}
