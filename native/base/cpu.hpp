// What this processor and its operating system let us execute.
#pragma once

namespace vecq::cpu {

enum class Feature { crc32c, sse41, avx2, avx_vnni, avx512, avx512_vnni, amx_int8, neon_dotprod };

// Why `feature` can't be used here, or null if it can. Asking about AMX tiles also asks the kernel
// for them, once per process.
const char* missing(Feature feature);

}  // namespace vecq::cpu
