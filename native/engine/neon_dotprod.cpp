// The engine for AArch64 NEON with the dot-product extension.
#include "engine/prelude.hpp"

VECQ_TARGET("arch=armv8.2-a+dotprod")
namespace vecq::neon_dotprod {

#include "kernels/fold.inl.hpp"
#include "kernels/lanes_neon.inl.hpp"
#include "kernels/lanes_neon_dotprod.inl.hpp"
#include "engine/bodies.inl.hpp"

constexpr Engine kEngine = engine_of<Fp32, Fp16, Int16, Int8Dot, NibblesDot>(
    "neon_dotprod", [] { return cpu::missing(cpu::Feature::neon_dotprod); });

}  // namespace vecq::neon_dotprod
VECQ_TARGET_END

constinit const vecq::Engine vecq::engine_neon_dotprod = neon_dotprod::kEngine;
