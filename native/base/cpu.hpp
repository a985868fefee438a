// Detects the instruction sets that this processor and its kernel support.
#pragma once

namespace vecq::cpu {

enum class Feature { crc32c, sse41, avx2, avx_vnni, avx512, avx512_vnni, amx_int8, neon_dotprod };

// Returns why `feature` is unavailable, or null if it is available. The first query for amx_int8
// also requests permission for tiles from the kernel, once per process.
const char* missing(Feature feature);

// Whether random rows arrive faster by prefetches into the first cache than into the second. True
// on AMD Zen 5 and later, false where it was not measured.
bool prefers_first_cache();

}  // namespace vecq::cpu
