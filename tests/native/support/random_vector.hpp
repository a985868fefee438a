// Random vectors, uniform in [-1, 1), as input for codecs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/rng.hpp"

namespace samples {

using Vector = std::vector<float>;

inline Vector random_vector(size_t dim, uint64_t seed) {
    vecq::Random random(seed);
    Vector out(dim);
    for (float& value : out) value = static_cast<float>(2 * random.uniform() - 1);
    return out;
}

}  // namespace samples
