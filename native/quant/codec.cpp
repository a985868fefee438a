// Fits and restores the parameters of a codec and applies its affine map, without the rounding.
#include "quant/codec.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>

#include "base/status.hpp"

namespace vecq {
namespace {

// Smallest scale. A dimension that is 0 throughout the sample gets it: 0 stays 0, and any other
// value becomes the largest code and counts as clipped.
constexpr float kMinScale = 1e-37F;

bool is_finite(float value) { return (std::bit_cast<uint32_t>(value) & 0x7fffffffU) < 0x7f800000U; }

}  // namespace

void require_finite(const float* numbers, size_t count, size_t dim, size_t first_row,
                    const char* argument) {
    for (size_t i = 0; i < count; ++i) {
        if (std::fabs(numbers[i]) <= kMaxMagnitude) continue;
        refuse(argument,
               std::string(argument) +
                   (is_finite(numbers[i]) ? " has a value too large (1e33 is the limit), in row "
                                          : " has a value that is not finite in float32, in row ") +
                   std::to_string(first_row + i / dim) + ", column " + std::to_string(i % dim));
    }
}

Codec::Codec(size_t dim, const CodecOptions& options, const QuantizeKernels& kernels)
    : dim_(dim), options_(options), kernels_(&kernels) {
    const bool floating = options.width == Width::fp32 || options.width == Width::fp16;
    if (floating && options.scale != Scale::vector)
        refuse("scale",
               "scale must be \"vector\" for fp32 and fp16, which have no steps to choose");
    if (!(options.percentile > 0 && options.percentile <= 100))
        refuse("percentile", "percentile is " + std::to_string(options.percentile) +
                                 ", expected more than 0 and at most 100");
    if (options.rotate) rotation_.emplace(dim, options.seed, kernels.hadamard);
    fitted_ = !needs_fit();
}

Codec Codec::for_walks() const {
    Codec same = *this;
    const bool fits = vecq::row_bytes(Width::int8_planes, dim_) <= row_bytes();
    if (width() == Width::int8 && dim_ >= kLeastPlaneDim && fits)
        same.options_.width = Width::int8_planes;
    same.options_.rows_hold_affines = bool(RowAffine(same.width(), dim_));
    return same;
}

RowAffine Codec::row_affine() const {
    return options_.rows_hold_affines ? RowAffine(width(), dim_) : RowAffine();
}

int Codec::levels() const {
    // The largest code whose three digits are -8 to 7, each in a nibble, as are those of its
    // negative.
    if (width() == Width::int12) return 0x777;
    if (width() == Width::int4) return 7;
    return query_levels();
}

int Codec::query_levels() const {
    return has_byte_queries() ? 127 : width() == Width::int16 ? 32767 : 0;
}

float Codec::shared_scale() const {
    if (options_.scale == Scale::vector) return 0;
    return options_.scale == Scale::dimension ? 1.0F : std::max(scales_[0], kMinScale);
}

std::span<const float> Codec::dimension_scales() const {
    return options_.scale == Scale::dimension ? std::span<const float>(scales_)
                                              : std::span<const float>();
}

void Codec::fit(const float* sample, size_t count) {
    if (count == 0) refuse("sample", "sample is empty, expected at least one row");
    require_finite(sample, count * dim_, dim_, 0, "sample");
    fitted_ = false;  // the codec stays unfitted if an allocation below throws
    mean_.clear();
    scales_.clear();
    if (options_.center) {
        std::vector<double> sums(dim_);
        for (size_t i = 0; i < count * dim_; ++i) sums[i % dim_] += sample[i];
        for (double sum : sums) mean_.push_back(static_cast<float>(sum / double(count)));
    }
    if (options_.scale != Scale::vector) {
        std::vector<float> rotated(sample, sample + count * dim_);
        for (size_t r = 0; r < count; ++r) {
            float* row = rotated.data() + r * dim_;
            for (size_t i = 0; i < mean_.size(); ++i) row[i] -= mean_[i];
            if (rotation_) rotation_->forward(row);
        }
        fit_scales(rotated, count);
    }
    update_derived();
}

void Codec::fit_scales(std::vector<float>& rotated, size_t count) {
    const auto scale_of = [&](std::span<float> values) {
        for (float& value : values) value = std::fabs(value);
        const auto levels = static_cast<float>(this->levels());
        return choose_clip(options_.calibration, options_.percentile, this->levels(), values) /
               levels;
    };
    if (options_.scale == Scale::global) {
        scales_.push_back(scale_of(rotated));
        return;
    }
    std::vector<float> column(count);
    for (size_t d = 0; d < dim_; ++d) {
        for (size_t r = 0; r < count; ++r) column[r] = rotated[r * dim_ + d];
        scales_.push_back(scale_of(column));
    }
}

void Codec::restore(std::span<const float> mean, std::span<const float> scales) {
    const size_t expected = options_.scale == Scale::vector      ? 0
                            : options_.scale == Scale::dimension ? dim_
                                                                 : 1;
    if (mean.size() != (options_.center ? dim_ : 0))
        refuse("mean", "mean does not have as many values as this codec's options ask for");
    if (scales.size() != expected)
        refuse("scales", "scales does not have as many values as this codec's options ask for");
    for (float value : mean)
        if (!(std::fabs(value) <= kMaxMagnitude))
            refuse("mean", "mean has a value that is too large or not finite");
    for (float value : scales)
        if (!(value >= 0 && value <= kMaxMagnitude))
            refuse("scales", "scales must be at least 0, and neither too large nor infinite");
    fitted_ = false;
    mean_.assign(mean.begin(), mean.end());
    scales_.assign(scales.begin(), scales.end());
    update_derived();
}

void Codec::update_derived() {
    inverse_scales_.clear();
    for (float scale : dimension_scales())
        inverse_scales_.push_back(1 / std::max(scale, kMinScale));
    mean_weights_ = mean_;
    mean_norm2_ = 0;
    for (float value : mean_) mean_norm2_ += double{value} * value;
    if (options_.center) to_query_space(mean_weights_.data());
    fitted_ = true;
}

void Codec::to_code_space(float* vector) const {
    for (size_t i = 0; i < mean_.size(); ++i) vector[i] -= mean_[i];
    if (rotation_) rotation_->forward(vector);
    for (size_t i = 0; i < inverse_scales_.size(); ++i) vector[i] *= inverse_scales_[i];
}

void Codec::from_code_space(float* vector) const {
    const std::span<const float> scales = dimension_scales();
    for (size_t i = 0; i < scales.size(); ++i) vector[i] *= scales[i];
    if (rotation_) rotation_->inverse(vector);
    for (size_t i = 0; i < mean_.size(); ++i) vector[i] += mean_[i];
}

void Codec::to_query_space(float* vector) const {
    if (rotation_) rotation_->forward(vector);
    const std::span<const float> scales = dimension_scales();
    for (size_t i = 0; i < scales.size(); ++i) vector[i] *= scales[i];
}

}  // namespace vecq
