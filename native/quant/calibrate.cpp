// The calibration methods; mse and entropy search a histogram so that cost per clip is O(levels).
//
// mse and entropy evaluate the upper edge of every histogram bin as a clip. Prefix sums give the
// mass between two edges in O(1), so a clip costs one visit per code whatever the sample size. A
// far outlier squeezes the rest of the sample into a few bins; the search then repeats on a
// histogram that ends at twice the clip found. Positions are in units of bins, so that squares of
// magnitudes neither underflow nor overflow.
#include "quant/calibrate.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace vecq {
namespace {

constexpr size_t kBins = 2048;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Natural logarithm of a normal x > 0 by its series: math libraries differ in the last bit.
double natural_log(double x) {
    const uint64_t bits = std::bit_cast<uint64_t>(x);
    const double exponent = static_cast<double>(bits >> 52) - 1022.5;
    const double mantissa = std::bit_cast<double>((bits & 0xfffffffffffffU) | 0x3fe0000000000000U);
    const double middle = 0.70710678118654752;
    const double s = (mantissa - middle) / (mantissa + middle);
    double series = 0;
    for (int odd = 19; odd > 0; odd -= 2) series = series * (s * s) + 2.0 / odd;
    return series * s + exponent * 0.69314718055994531;
}

double x_log_x(double x) { return x > 0 ? x * natural_log(x) : 0; }

// Sums over a range of bins. `sum` and `sum_squares` are of values in units of bins,
// `occupied_bins` counts non-empty bins and `count_log_count` sums count * log(count) over bins.
struct Mass {
    double count = 0, sum = 0, sum_squares = 0, occupied_bins = 0, count_log_count = 0;

    Mass operator-(const Mass& other) const {
        return {count - other.count, sum - other.sum, sum_squares - other.sum_squares,
                occupied_bins - other.occupied_bins, count_log_count - other.count_log_count};
    }
};

// kBins equal bins up to `top` and one bin for larger values, stored as prefix sums.
class Histogram {
public:
    Histogram(std::span<const float> magnitudes, double top) : below_(kBins + 2) {
        const double bins = kBins / top;
        for (const double magnitude : magnitudes) {
            if (magnitude == 0) continue;  // exact at any clip
            const double position = magnitude * bins;
            const bool inside = magnitude <= top;
            const size_t bin = inside ? std::min(static_cast<size_t>(position), kBins - 1) : kBins;
            Mass& mass = below_[bin + 1];
            mass.count += 1;
            mass.sum += position;
            mass.sum_squares += position * position;
        }
        for (size_t edge = 1; edge < below_.size(); ++edge) {
            Mass& mass = below_[edge];
            const Mass& before = below_[edge - 1];
            mass.occupied_bins = before.occupied_bins + (mass.count > 0 ? 1 : 0);
            mass.count_log_count = before.count_log_count + x_log_x(mass.count);
            mass.count += before.count;
            mass.sum += before.sum;
            mass.sum_squares += before.sum_squares;
        }
    }

    const Mass& below(size_t edge) const { return below_[edge]; }
    Mass between(size_t first, size_t last) const { return below_[last] - below_[first]; }
    Mass above(size_t edge) const { return between(edge, kBins + 1); }

    // Calls visit(code, mass) for every code with the mass that rounds to it; the last code gets no
    // clipped values.
    template <class Visit>
    void for_each_code(size_t clip, int levels, Visit visit) const {
        const double step = static_cast<double>(clip) / levels;
        size_t first = 0;
        for (int code = 0; code <= levels; ++code) {
            // The edge nearest to the midpoint between this code and the next.
            const size_t last =
                code < levels ? static_cast<size_t>((code + 0.5) * step + 0.5) : clip;
            visit(code, between(first, last));
            first = last;
        }
    }

private:
    std::vector<Mass> below_;
};

// Returns early with a lower bound once the clipped values alone cost more than `best_loss`.
double squared_error(const Histogram& histogram, size_t clip, int levels, double best_loss) {
    const auto error = [](const Mass& mass, double value) {
        return mass.sum_squares - 2 * value * mass.sum + value * value * mass.count;
    };
    double total = error(histogram.above(clip), static_cast<double>(clip));
    if (total > best_loss) return total;
    const double step = static_cast<double>(clip) / levels;
    // Bins do not resolve steps this short; errors uniform over a step have variance step^2 / 12.
    if (step < 3) return total + histogram.below(clip).count * (step * step / 12);
    histogram.for_each_code(clip, levels,
                            [&](int code, const Mass& mass) { total += error(mass, code * step); });
    return total;
}

// Kullback-Leibler divergence D(P || Q), as in TensorRT's entropy calibration. P is the sample with
// clipped values moved into the last occupied bin; Q spreads the count of each code evenly over the
// occupied bins that round to it.
double divergence(const Histogram& histogram, size_t clip, int levels) {
    const double clipped = histogram.above(clip).count, kept = histogram.below(clip).count;
    const double all = kept + clipped;
    // Clipped values share one bin, which this measure scores as no loss: at most 10 % may clip.
    if (clipped > all / 10) return kInfinity;
    size_t end = clip;
    while (histogram.between(end - 1, end).count == 0) --end;
    const double last = histogram.between(end - 1, end).count;
    double total = histogram.below(clip).count_log_count - x_log_x(last) + x_log_x(last + clipped);
    double log_count_per_bin = 0;
    histogram.for_each_code(clip, levels, [&](int, const Mass& mass) {
        if (mass.count == 0) return;
        log_count_per_bin = natural_log(mass.count / mass.occupied_bins);
        total -= mass.count * log_count_per_bin;
    });
    return (total - clipped * log_count_per_bin) / all - natural_log(all / kept);
}

// Returns the position of the edge, at least `lowest_edge`, that minimizes
// loss(histogram, edge, best_loss); the lowest such edge on ties, `top` if no edge qualifies.
template <class Loss>
double best_clip(std::span<const float> magnitudes, double top, size_t lowest_edge, Loss loss) {
    for (;;) {
        const Histogram histogram(magnitudes, top);
        double best_loss = kInfinity;
        size_t best_edge = kBins;
        for (size_t edge = kBins; edge >= lowest_edge; --edge) {
            const double edge_loss = loss(histogram, edge, best_loss);
            if (edge_loss <= best_loss) {
                best_loss = edge_loss;
                best_edge = edge;
            }
        }
        const double clip = top / kBins * static_cast<double>(best_edge);
        if (best_edge >= kBins / 4) return clip;
        top = 2 * clip;
    }
}

float nearest_rank(double percentile, std::span<float> magnitudes) {
    const auto count = static_cast<double>(magnitudes.size());
    // The slack absorbs the rounding of percentages such as 99.9, which no double represents.
    const double rank = std::ceil(percentile * count / 100 - 1e-6);
    const auto nth = magnitudes.begin() + static_cast<ptrdiff_t>(std::clamp(rank, 1.0, count)) - 1;
    std::nth_element(magnitudes.begin(), nth, magnitudes.end());
    return *nth;
}

}  // namespace

float choose_clip(Calibration method, double percentile, int levels, std::span<float> magnitudes) {
    if (magnitudes.empty()) return 0;
    const float largest = *std::max_element(magnitudes.begin(), magnitudes.end());
    if (largest == 0) return 0;
    const auto error = [&](const Histogram& histogram, size_t clip, double best_loss) {
        return squared_error(histogram, clip, levels, best_loss);
    };
    const auto information_loss = [&](const Histogram& histogram, size_t clip, double) {
        return divergence(histogram, clip, levels);
    };
    double clip = largest;
    switch (method) {
        case Calibration::minmax: break;
        case Calibration::percentile: clip = nearest_rank(percentile, magnitudes); break;
        case Calibration::mse: clip = best_clip(magnitudes, largest, 1, error); break;
        case Calibration::entropy:
            // With as many codes as bins nothing is lost; then no edge qualifies and nothing clips.
            clip =
                best_clip(magnitudes, largest, static_cast<size_t>(levels) + 1, information_loss);
            break;
    }
    // The percentile of a mostly zero sample is 0, and a clip below the denormals rounds to 0.
    const auto rounded = static_cast<float>(clip);
    return rounded > 0 ? rounded : largest;
}

}  // namespace vecq
