// The codec: the affine map between vectors and codes, with the parameters it fits on a sample.
//
// Encoding centers a vector, rotates it, divides it by the scales of its dimensions and by a scale
// per row, and rounds the result to codes:
//     x  ~  mean + rotation^-1(row scale * dimension scale * code)
// Every step is optional. fit() sets the mean, the scales of dimensions and the scale that all rows
// share.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/layout.hpp"
#include "base/row_affine.hpp"
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
    bool unbiased = true;  // choose the scale of a row so that <x, decoded x> = <x, x>
    uint64_t seed = 0;
    bool rows_hold_affines = false;  // see Codec::for_walks
};

class Codec {
public:
    // Throws Error if options contradict each other. `kernels` must outlive the codec.
    Codec(size_t dim, const CodecOptions& options, const QuantizeKernels& kernels);

    // Fits the parameters on a sample of `count` rows, at least one. Throws Error naming a row that
    // is not finite.
    void fit(const float* sample, size_t count);
    bool needs_fit() const { return options_.center || options_.scale != Scale::vector; }
    bool is_fitted() const { return fitted_; }

    // Fitted parameters: the mean (dim floats, empty unless centered) and the scales (dim, 1 or 0).
    std::span<const float> mean() const { return mean_; }
    std::span<const float> scales() const { return scales_; }
    Codec unfitted() const { return {dim_, options_, *kernels_}; }
    // Sets parameters that an earlier fit() produced. Throws Error if the options need others.
    void restore(std::span<const float> mean, std::span<const float> scales);

    size_t dim() const { return dim_; }
    const CodecOptions& options() const { return options_; }
    Width width() const { return options_.width; }
    const QuantizeKernels& kernels() const { return *kernels_; }
    size_t row_bytes() const { return vecq::row_bytes(width(), dim_); }
    // Returns the codec in the row layout that walks read fastest: int8 becomes int8_planes from
    // kLeastPlaneDim on, unless its rows would be longer, and rows hold their affines if they have
    // room. The codes stay the same.
    Codec for_walks() const;
    // Where rows hold their affines, if they do. Encoding leaves the place empty.
    RowAffine row_affine() const;

    // Largest code of a row: 7, 127, 1911 or 32767; 0 for floating widths.
    int levels() const;
    // Largest code of a query.
    int query_levels() const;
    // Whether queries are bytes.
    bool has_byte_queries() const { return row_code_bytes(width()) == 1; }
    // Scale of all rows; 1 if each dimension has its own scale, 0 if each row has.
    float shared_scale() const;

    // Maps a vector in place to the space in which rows are rounded, and back.
    void to_code_space(float* vector) const;
    void from_code_space(float* vector) const;
    // Maps a query in place, without centering it, so that its dot product with a row's codes times
    // the row's scale is <query, decoded row - mean>.
    void to_query_space(float* vector) const;

    // The mean in query space: weights w with <mean, decoded - mean> = row scale * sum(w * code).
    // Empty unless centered.
    std::span<const float> mean_weights() const { return mean_weights_; }
    // Squared norm of the mean, or 0.
    double mean_norm2() const { return mean_norm2_; }
    std::span<const float> dimension_scales() const;

private:
    void fit_scales(std::vector<float>& rotated, size_t count);
    // Recomputes the members that follow from mean_ and scales_.
    void update_derived();

    size_t dim_;
    CodecOptions options_;
    const QuantizeKernels* kernels_;
    std::optional<Rotation> rotation_;
    std::vector<float> mean_, scales_, inverse_scales_, mean_weights_;
    double mean_norm2_ = 0;
    bool fitted_ = false;
};

// Below it, the second line of a row costs a walk less than scoring its lower plane later.
inline constexpr size_t kLeastPlaneDim = 256;

// Largest accepted magnitude: norms, sums and rotations of such values stay within float32.
inline constexpr float kMaxMagnitude = 0x1p110F;

// Throws Error naming `argument`, row and column if one of `count` numbers is not finite or exceeds
// kMaxMagnitude. Row numbers start at `first_row`.
void require_finite(const float* numbers, size_t count, size_t dim, size_t first_row,
                    const char* argument);

}  // namespace vecq
