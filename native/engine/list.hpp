// Declares the engines of this processor family. engine/<name>.cpp defines each one.
#pragma once

#include "engine/engine.hpp"

namespace vecq {

extern const Engine engine_scalar;
#if defined(__x86_64__)
extern const Engine engine_sse41, engine_avx2, engine_avx_vnni, engine_avx512, engine_avx512_vnni,
    engine_amx_int8;
#elif defined(__aarch64__)
extern const Engine engine_neon, engine_neon_dotprod;
#endif

}  // namespace vecq
