// The engine for AVX2 with 256-bit VNNI.
#include "engine/prelude.hpp"

VECQ_TARGET("avxvnni,avx2,fma,f16c")
namespace vecq::avx_vnni {

#include "kernels/fold.inl.hpp"
#include "kernels/lanes_avx2.inl.hpp"
#include "kernels/lanes_avx_vnni.inl.hpp"
#include "engine/bodies.inl.hpp"

constexpr Engine kEngine = engine_of<Fp32, Fp16, Int16Vnni, Int8Vnni, NibblesVnni>(
    "avx_vnni", [] { return cpu::missing(cpu::Feature::avx_vnni); });

}  // namespace vecq::avx_vnni
VECQ_TARGET_END

constinit const vecq::Engine vecq::engine_avx_vnni = avx_vnni::kEngine;
