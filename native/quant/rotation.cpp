// Applies the rounds of a rotation forward and, in reverse order, backward.
#include "quant/rotation.hpp"

#include <bit>
#include <cmath>

#include "base/rng.hpp"

namespace vecq {
namespace {

void multiply(float* __restrict x, const float* __restrict factors, size_t count) {
    for (size_t i = 0; i < count; ++i) x[i] *= factors[i];
}

// Butterflies between both halves of a vector; its own inverse. Skips the middle of an odd dim.
void mix_halves(float* vector, size_t dim) {
    const size_t half = dim / 2;
    float *a = vector, *b = vector + dim - half;
    for (size_t i = 0; i < half; ++i) {
        const float sum = a[i] + b[i], difference = a[i] - b[i];
        a[i] = sum * 0.70710678F;
        b[i] = difference * 0.70710678F;
    }
}

}  // namespace

Rotation::Rotation(size_t dim, uint64_t seed, Hadamard hadamard)
    : hadamard_(hadamard),
      dim_(dim),
      window_(std::bit_floor(dim)),
      rounds_(window_ == dim ? 3 : 2) {
    const float unit = 1 / std::sqrt(static_cast<float>(window_));
    signs_.resize(rounds_ * window_ * (window_ == dim ? 1 : 2));
    Random random(seed);
    for (float& sign : signs_) sign = random.next() >> 63 == 0 ? unit : -unit;
}

void Rotation::forward(float* vector) const {
    const float* signs = signs_.data();
    const auto transform = [&](float* window) {
        multiply(window, signs, window_);
        hadamard_(window, window_);
        signs += window_;
    };
    for (size_t round = 0; round < rounds_; ++round) {
        transform(vector);
        if (window_ == dim_) continue;
        transform(vector + dim_ - window_);
        mix_halves(vector, dim_);
    }
}

void Rotation::inverse(float* vector) const {
    const float* signs = signs_.data() + signs_.size();
    const auto undo = [&](float* window) {
        signs -= window_;
        hadamard_(window, window_);
        multiply(window, signs, window_);
    };
    for (size_t round = 0; round < rounds_; ++round) {
        if (window_ != dim_) {
            mix_halves(vector, dim_);
            undo(vector + dim_ - window_);
        }
        undo(vector);
    }
}

}  // namespace vecq
