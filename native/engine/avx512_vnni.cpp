// The engine for AVX-512 with VNNI.
#include "engine/prelude.hpp"

VECQ_TARGET("avx512vnni,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")
namespace vecq::avx512_vnni {

#include "kernels/fold.inl.hpp"
#include "kernels/lanes_avx512.inl.hpp"
#include "kernels/lanes_avx512_vnni.inl.hpp"
#include "engine/bodies.inl.hpp"

constexpr Engine kEngine = engine_of<Fp32, Fp16, Int16Vnni, Int8Vnni, NibblesVnni>(
    "avx512_vnni", [] { return cpu::missing(cpu::Feature::avx512_vnni); });

}  // namespace vecq::avx512_vnni
VECQ_TARGET_END

constinit const vecq::Engine vecq::engine_avx512_vnni = avx512_vnni::kEngine;
