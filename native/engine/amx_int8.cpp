// The AMX engine: the avx512_vnni bodies, except that AMX tiles multiply blocks of int8 codes.
#include "engine/prelude.hpp"

VECQ_TARGET("amx-tile,amx-int8,avx512vnni,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")
namespace vecq::amx_int8 {

#include "kernels/fold.inl.hpp"
#include "kernels/lanes_avx512.inl.hpp"
#include "kernels/lanes_avx512_vnni.inl.hpp"
#include "engine/bodies.inl.hpp"
#include "kernels/tiles.inl.hpp"
#include "kernels/tiles_amx.inl.hpp"

constexpr Engine overlay() {
    Engine engine = engine_of<Fp32, Fp16, Int16Vnni, Int8Vnni, NibblesVnni>(
        "amx_int8", [] { return cpu::missing(cpu::Feature::amx_int8); });
    constexpr auto int8 = static_cast<size_t>(Width::int8);
    engine.kernels[int8].dot_block = dot_block_tiles<Int8Vnni, HardwareTiles>;
    engine.kernels[static_cast<size_t>(Width::int12)].dot_block =
        dot_block_of_planes<3, dot_block_tiles<Int8Vnni, HardwareTiles>>;
    engine.kernels[static_cast<size_t>(Width::int8_planes)].dot_block =
        dot_block_of_planes<2, dot_block_tiles<Int8Vnni, HardwareTiles>>;
    engine.kernels[static_cast<size_t>(Width::int4)].dot_block =
        dot_block_of_planes<1, dot_block_tiles<Int8Vnni, HardwareTiles>>;
    engine.probes.block_multiply_adds[int8] = multiply_adds_tiles<HardwareTiles>;
    return engine;
}

constexpr Engine kEngine = overlay();

}  // namespace vecq::amx_int8
VECQ_TARGET_END

constinit const vecq::Engine vecq::engine_amx_int8 = amx_int8::kEngine;
