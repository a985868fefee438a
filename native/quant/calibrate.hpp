// Where a symmetric uniform quantizer should clip: values up to the clip get the codes
// -levels..levels in steps of clip / levels, larger ones the largest code. A low clip buys finer
// steps for the many values and pays with the few large ones; the methods weigh that differently.
#pragma once

#include <span>

namespace vecq {

enum class Calibration {
    minmax,      // nothing is clipped
    percentile,  // so many percent of the sample are not clipped
    mse,         // the least summed squared error
    entropy,     // the least information lost about how the magnitudes are distributed
};

// The clip for a sample given by its magnitudes: finite, not negative, and reordered on return.
// `percentile`, in 0..100, matters to that method alone; `levels` is at least 1. Only a sample
// without a positive value gets 0. Equal samples in equal order give equal bits on every platform.
float clip_of(Calibration method, double percentile, int levels, std::span<float> magnitudes);

}  // namespace vecq
