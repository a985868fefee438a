// The engine for AVX-512 without VNNI.
#include "engine/prelude.hpp"

VECQ_TARGET("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")
namespace vecq::avx512 {

#include "kernels/fold.inl.hpp"
#include "kernels/lanes_avx512.inl.hpp"
#include "engine/bodies.inl.hpp"

constexpr Engine kEngine = engine_of<Fp32, Fp16, Int16, Int8, Nibbles>(
    "avx512", [] { return cpu::missing(cpu::Feature::avx512); });

}  // namespace vecq::avx512
VECQ_TARGET_END

constinit const vecq::Engine vecq::engine_avx512 = avx512::kEngine;
