// The engine for baseline AArch64 NEON.
#include "engine/prelude.hpp"

namespace vecq::neon {

#include "kernels/fold.inl.hpp"
#include "kernels/lanes_neon.inl.hpp"
#include "engine/bodies.inl.hpp"

constexpr Engine kEngine =
    engine_of<Fp32, Fp16, Int16, Int8, Nibbles>("neon", []() -> const char* { return nullptr; });

}  // namespace vecq::neon

constinit const vecq::Engine vecq::engine_neon = neon::kEngine;
