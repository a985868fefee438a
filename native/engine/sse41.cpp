// The engine for SSE4.1.
#include "engine/prelude.hpp"

VECQ_TARGET("sse4.1")
namespace vecq::sse41 {

#include "kernels/fold.inl.hpp"
#include "kernels/lanes_sse41.inl.hpp"
#include "engine/bodies.inl.hpp"

constexpr Engine kEngine = engine_of<Fp32, Fp16, Int16, Int8, Nibbles>(
    "sse41", [] { return cpu::missing(cpu::Feature::sse41); });

}  // namespace vecq::sse41
VECQ_TARGET_END

constinit const vecq::Engine vecq::engine_sse41 = sse41::kEngine;
