// The engine for any processor: portable single-lane code, the reference of every other engine.
#include "engine/prelude.hpp"

namespace vecq::scalar {

#include "kernels/fold.inl.hpp"
#include "kernels/lanes_scalar.inl.hpp"
#include "engine/bodies.inl.hpp"

constexpr Engine kEngine =
    engine_of<Fp32, Fp16, Int16, Int8, Nibbles>("scalar", []() -> const char* { return nullptr; });

}  // namespace vecq::scalar

constinit const vecq::Engine vecq::engine_scalar = scalar::kEngine;
