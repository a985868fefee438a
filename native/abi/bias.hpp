// Checks of item biases and their weights.
#pragma once

#include <cstddef>

namespace vecq {

// Products of a bias and its weight stay finite.
inline constexpr float kMaxBias = 1e18F;

// Refuses values that are not finite or exceed kMaxBias in magnitude.
void require_biases(const float* values, size_t count, const char* argument);

}  // namespace vecq
