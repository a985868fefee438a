// Chooses where a symmetric uniform quantizer clips, which trades step size for clipping error.
//
// Magnitudes up to the clip get the codes -levels..levels in steps of clip / levels; larger ones
// saturate at the largest code. A lower clip makes all steps finer at the cost of the few large
// values; the methods differ in how they weigh the two.
#pragma once

#include <span>

namespace vecq {

enum class Calibration {
    minmax,      // the largest magnitude: nothing clips
    percentile,  // the least magnitude that covers this percentage of the sample
    mse,         // minimizes the summed squared error
    entropy,     // minimizes the KL divergence between the magnitudes before and after coding
};

// Returns the clip for the `magnitudes` of a sample, which are finite and non-negative; reorders
// them. `percentile` (0..100) applies to Calibration::percentile only; `levels` is at least 1. The
// clip is 0 only if the sample has no positive value. Equal samples in equal order give equal bits
// on every platform.
float choose_clip(Calibration method, double percentile, int levels, std::span<float> magnitudes);

}  // namespace vecq
