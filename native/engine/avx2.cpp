// The engine for AVX2, FMA and F16C.
#include "engine/prelude.hpp"

VECQ_TARGET("avx2,fma,f16c")
namespace vecq::avx2 {

#include "kernels/fold.inl.hpp"
#include "kernels/lanes_avx2.inl.hpp"
#include "engine/bodies.inl.hpp"

constexpr Engine kEngine = engine_of<Fp32, Fp16, Int16, Int8, Nibbles>(
    "avx2", [] { return cpu::missing(cpu::Feature::avx2); });

}  // namespace vecq::avx2
VECQ_TARGET_END

constinit const vecq::Engine vecq::engine_avx2 = avx2::kEngine;
