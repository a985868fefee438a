// What a row of codes stands for. A vector x is centred, rotated and divided by the scales of its
// dimensions and by one scale of its own, and what comes out is rounded to codes:
//     x  ~  mean + rotation^-1(row scale * dimension scale * code)
// Any of the steps may be absent. The scales of dimensions, a scale shared by all rows, and the mean
// are fitted on a sample.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/layout.hpp"
#include "quant/calibrate.hpp"
#include "quant/quantize.hpp"
#include "quant/rotation.hpp"

namespace vecq {

enum class Scale : uint8_t { vector, dimension, global };
enum class Metric : uint8_t { ip, cosine, l2 };

struct CodecOptions {
    Width width = Width::int8;
    Scale scale = Scale::vector;
    Calibration calibration = Calibration::minmax;
    double percentile = 99.9;
    bool center = false;
    bool rotate = false;
    bool unbiased = true;  // scale a row so that its decoded part along itself has its own length
    uint64_t seed = 0;
};

class Codec {
public:
    // Refuses options that do not go together. `kernels` must outlive the codec.
    Codec(size_t dim, const CodecOptions& options, const QuantizeKernels& kernels);

    // From `count` rows of a sample; needs at least one. Throws Error naming a row that is not finite.
    void fit(const float* sample, size_t count);
    bool needs_fit() const { return options_.center || options_.scale != Scale::vector; }
    bool fitted() const { return fitted_; }

    // What fit found: the mean (dim floats, if centred) and the scales (dim, one or none).
    std::span<const float> mean() const { return mean_; }
    std::span<const float> scales() const { return scales_; }
    // The same, as it was before.
    Codec unfitted() const { return {dim_, options_, kernels_}; }
    void restore(std::span<const float> mean, std::span<const float> scales);

    size_t dim() const { return dim_; }
    const CodecOptions& options() const { return options_; }
    Width width() const { return options_.width; }
    const QuantizeKernels& kernels() const { return kernels_; }
    size_t row_bytes() const { return vecq::row_bytes(width(), dim_); }

    // The largest code; 0 for floating widths.
    int levels() const;
    // 0 unless all rows share one scale, which is 1 where each dimension has its own.
    float shared_scale() const;

    // In place: the vector as rows are quantized, and back.
    void to_code_space(float* vector) const;
    void from_code_space(float* vector) const;
    // In place, without centring: the vector whose dot with a row's codes is wanted.
    void to_query_space(float* vector) const;

    // In code space, the weights w such that mean . decoded = row scale * sum(w * code); with the
    // mean's squared norm. Empty and 0 unless centred.
    std::span<const float> mean_weights() const { return mean_weights_; }
    double mean_norm2() const { return mean_norm2_; }
    std::span<const float> dimension_scales() const;

private:
    void fit_scales(std::vector<float>& rotated, size_t count);
    void derive();

    size_t dim_;
    CodecOptions options_;
    const QuantizeKernels& kernels_;
    std::optional<Rotation> rotation_;
    std::vector<float> mean_, scales_, inverse_, mean_weights_;
    double mean_norm2_ = 0;
    bool fitted_ = false;
};

// The largest magnitude that is taken: norms, sums and rotations of such values stay within float32.
inline constexpr float kLargestValue = 0x1p110F;

// Throws Error naming `argument` if one of the `count` numbers is not finite or larger than that; its
// rows are numbered from `first_row`.
void require_numbers(const float* numbers, size_t count, size_t dim, size_t first_row,
                     const char* argument);

}  // namespace vecq
