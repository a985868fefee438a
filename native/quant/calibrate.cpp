// mse and entropy try the upper edge of every bin of a histogram. What lies between two edges is a
// difference of running totals, so that a candidate costs one visit per code, however large the
// sample. A far outlier leaves the rest of the sample in a few bins; the search is then repeated
// closer to zero. Positions are counted in bins, so that no magnitude is too small or too large.
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

// The natural logarithm of a normal x > 0, by its series: libraries differ in the last bit.
double log_of(double x) {
    const uint64_t bits = std::bit_cast<uint64_t>(x);
    const double exponent = static_cast<double>(bits >> 52) - 1022.5;
    const double mantissa = std::bit_cast<double>((bits & 0xfffffffffffffU) | 0x3fe0000000000000U);
    const double middle = 0.70710678118654752;
    const double s = (mantissa - middle) / (mantissa + middle);
    double series = 0;
    for (int odd = 19; odd > 0; odd -= 2) series = series * (s * s) + 2.0 / odd;
    return series * s + exponent * 0.69314718055994531;
}

double times_log(double x) { return x > 0 ? x * log_of(x) : 0; }

// What some bins hold: of their values the count, the sum and the sum of squares, how many of the
// bins hold any, and the sum over the bins of count * log(count).
struct Mass {
    double count = 0, sum = 0, square = 0, occupied = 0, entropy = 0;

    Mass operator-(const Mass& other) const {
        return {count - other.count, sum - other.sum, square - other.square,
                occupied - other.occupied, entropy - other.entropy};
    }
};

// kBins equal bins up to `top`, and one more for what lies above.
class Histogram {
public:
    Histogram(std::span<const float> magnitudes, double top) : below_(kBins + 2) {
        const double bins = kBins / top;
        for (const double magnitude : magnitudes) {
            if (magnitude == 0) continue;  // exact at any clip
            const double at = magnitude * bins;
            const bool inside = magnitude <= top;
            const size_t bin = inside ? std::min(static_cast<size_t>(at), kBins - 1) : kBins;
            Mass& mass = below_[bin + 1];
            mass.count += 1;
            mass.sum += at;
            mass.square += at * at;
        }
        for (size_t edge = 1; edge < below_.size(); ++edge) {
            Mass& mass = below_[edge];
            const Mass& before = below_[edge - 1];
            mass.occupied = before.occupied + (mass.count > 0 ? 1 : 0);
            mass.entropy = before.entropy + times_log(mass.count);
            mass.count += before.count;
            mass.sum += before.sum;
            mass.square += before.square;
        }
    }

    const Mass& below(size_t edge) const { return below_[edge]; }
    Mass between(size_t first, size_t last) const { return below_[last] - below_[first]; }
    Mass above(size_t edge) const { return between(edge, kBins + 1); }

    // Calls visit(code, mass) for every code and what is rounded to it, short of what is clipped.
    template <class Visit>
    void each_code(size_t clip, int levels, Visit visit) const {
        const double step = static_cast<double>(clip) / levels;
        size_t first = 0;
        for (int code = 0; code <= levels; ++code) {
            // The edge nearest to the middle between this code and the next.
            const size_t last =
                code < levels ? static_cast<size_t>((code + 0.5) * step + 0.5) : clip;
            visit(code, between(first, last));
            first = last;
        }
    }

private:
    std::vector<Mass> below_;
};

// Exact up to `least` only, for what is clipped often costs more than that.
double squared_error(const Histogram& histogram, size_t clip, int levels, double least) {
    const auto error = [](const Mass& mass, double value) {
        return mass.square - 2 * value * mass.sum + value * value * mass.count;
    };
    double total = error(histogram.above(clip), static_cast<double>(clip));
    if (total > least) return total;
    const double step = static_cast<double>(clip) / levels;
    // Bins do not resolve steps this short; errors spread evenly over one have this variance.
    if (step < 3) return total + histogram.below(clip).count * (step * step / 12);
    histogram.each_code(clip, levels,
                        [&](int code, const Mass& mass) { total += error(mass, code * step); });
    return total;
}

// The Kullback-Leibler divergence of the clipped sample, where the last occupied bin takes what is
// clipped, from what the codes tell of it: the mass of each spread evenly over its occupied bins.
double divergence(const Histogram& histogram, size_t clip, int levels) {
    const double clipped = histogram.above(clip).count, kept = histogram.below(clip).count;
    const double all = kept + clipped;
    // Many values heaped into one bin would look like no loss at all: few may be clipped.
    if (clipped > all / 10) return kInfinity;
    size_t end = clip;
    while (histogram.between(end - 1, end).count == 0) --end;
    const double last = histogram.between(end - 1, end).count;
    double total = histogram.below(clip).entropy - times_log(last) + times_log(last + clipped);
    double spread = 0;
    histogram.each_code(clip, levels, [&](int, const Mass& mass) {
        if (mass.count == 0) return;
        spread = log_of(mass.count / mass.occupied);
        total -= mass.count * spread;
    });
    return (total - clipped * spread) / all - log_of(all / kept);
}

// The clip of least loss(histogram, clip, least so far) among the edges from `lowest` on, the lower
// of equals; without any, the top.
template <class Loss>
double search(std::span<const float> magnitudes, double top, size_t lowest, Loss loss) {
    for (;;) {
        const Histogram histogram(magnitudes, top);
        double least = kInfinity;
        size_t best = kBins;
        for (size_t clip = kBins; clip >= lowest; --clip) {
            const double now = loss(histogram, clip, least);
            if (now <= least) {
                least = now;
                best = clip;
            }
        }
        const double found = top / kBins * static_cast<double>(best);
        if (best >= kBins / 4) return found;
        top = 2 * found;
    }
}

float nearest_rank(double percentile, std::span<float> magnitudes) {
    const auto count = static_cast<double>(magnitudes.size());
    // The slack is for percentages such as 99.9, which no double is equal to.
    const double rank = std::ceil(percentile * count / 100 - 1e-6);
    const auto nth = magnitudes.begin() + static_cast<ptrdiff_t>(std::clamp(rank, 1.0, count)) - 1;
    std::nth_element(magnitudes.begin(), nth, magnitudes.end());
    return *nth;
}

}  // namespace

float clip_of(Calibration method, double percentile, int levels, std::span<float> magnitudes) {
    if (magnitudes.empty()) return 0;
    const float largest = *std::max_element(magnitudes.begin(), magnitudes.end());
    if (largest == 0) return 0;
    const auto error = [&](const Histogram& histogram, size_t clip, double least) {
        return squared_error(histogram, clip, levels, least);
    };
    const auto loss = [&](const Histogram& histogram, size_t clip, double) {
        return divergence(histogram, clip, levels);
    };
    double clip = largest;
    switch (method) {
        case Calibration::minmax: break;
        case Calibration::percentile: clip = nearest_rank(percentile, magnitudes); break;
        case Calibration::mse: clip = search(magnitudes, largest, 1, error); break;
        case Calibration::entropy:
            // Codes as many as bins lose nothing: then there is no edge to try.
            clip = search(magnitudes, largest, static_cast<size_t>(levels) + 1, loss);
            break;
    }
    // Most of the sample may be 0, and a clip below the denormals is rounded to it.
    const auto rounded = static_cast<float>(clip);
    return rounded > 0 ? rounded : largest;
}

}  // namespace vecq
