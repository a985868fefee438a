// The first bounds of a scan: the score of a rank in a sample of its rows.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>

namespace vecq {

// A sample is 1/2^kSampleBits of the rows.
inline constexpr int kSampleBits = 4;
inline constexpr float kLowestScore = -std::numeric_limits<float>::infinity();

// Returns the rank in a sample whose score almost surely (three standard deviations) does not
// exceed that of the `width`-th best of all rows.
inline size_t rank_in_sample(size_t width, size_t rows, size_t sampled) {
    const double expected = static_cast<double>(width) * sampled / rows;
    return static_cast<size_t>(std::ceil(expected + 3 * std::sqrt(expected) + 2));
}

}  // namespace vecq
