// Tests calibration against known answers, brute force and degenerate samples.
#include "quant/calibrate.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/rng.hpp"
#include "check.hpp"

using vecq::Calibration;
using vecq::Random;

namespace {

using Sample = std::vector<float>;

constexpr Calibration kMethods[] = {Calibration::minmax, Calibration::percentile, Calibration::mse,
                                    Calibration::entropy};
constexpr int kLevels[] = {1, 7, 127, 32767};

float choose_clip(Calibration method, int levels, Sample sample, double percentile = 99.9) {
    return vecq::choose_clip(method, percentile, levels, sample);
}

Sample uniform(size_t count) {
    Random random(1);
    Sample out(count);
    for (float& value : out) value = static_cast<float>(random.uniform());
    return out;
}

Sample gaussian(size_t count) {
    Random random(2);
    Sample out(count);
    for (float& value : out) {
        const double radius = std::sqrt(-2 * std::log(1 - random.uniform()));
        value = static_cast<float>(std::fabs(radius * std::cos(6.283185307 * random.uniform())));
    }
    return out;
}

float largest(const Sample& sample) { return *std::max_element(sample.begin(), sample.end()); }

// Squared error of the quantizer, computed directly.
double squared_error(const Sample& sample, int levels, double clip) {
    double sum = 0;
    for (double value : sample) {
        const double code = std::min(std::rint(value * levels / clip), double(levels));
        sum += (value - code * clip / levels) * (value - code * clip / levels);
    }
    return sum;
}

}  // namespace

TEST(calibrate_minmax_returns_the_largest) {
    const Sample sample = gaussian(1000);
    CHECK(choose_clip(Calibration::minmax, 127, sample) == largest(sample));
}

TEST(calibrate_percentile_is_exact) {
    Sample sample;
    for (int i = 1000; i >= 1; --i) sample.push_back(static_cast<float>(i));
    const double expected[][2] = {{0, 1},      {0.1, 1},    {0.11, 2},     {50, 500},  {99, 990},
                                  {99.8, 998}, {99.9, 999}, {99.95, 1000}, {100, 1000}};
    for (const auto& [percentile, clip] : expected)
        CHECK(choose_clip(Calibration::percentile, 127, sample, percentile) == clip, percentile);
}

TEST(calibrate_does_not_clip_uniform_data) {
    const Sample sample = uniform(100000);
    const float top = largest(sample);
    const float mse = choose_clip(Calibration::mse, 127, sample);
    CHECK(mse > 0.99F * top && mse <= top, mse);
    const float entropy = choose_clip(Calibration::entropy, 127, sample);
    CHECK(entropy > 0.99F * top && entropy <= top, entropy);
}

TEST(calibrate_clips_gaussian_data) {
    const Sample sample = gaussian(100000);
    const float mse = choose_clip(Calibration::mse, 127, sample);
    CHECK(mse > 3.6F && mse < 4.2F, mse);
    const float entropy = choose_clip(Calibration::entropy, 127, sample);
    CHECK(entropy > 3.3F && entropy <= largest(sample), entropy);
    // The optimal uniform quantizer with 15 codes clips a Gaussian near 2.5 standard deviations.
    const float mse_of_15_codes = choose_clip(Calibration::mse, 7, sample);
    CHECK(mse_of_15_codes > 2.3F && mse_of_15_codes < 2.7F, mse_of_15_codes);
}

TEST(calibrate_mse_matches_brute_force) {
    Sample skewed = uniform(5000);
    for (float& value : skewed) value = -std::log(1 - value);
    Sample with_outlier = gaussian(5000);
    with_outlier[17] = 30;
    for (const Sample& sample : {uniform(5000), gaussian(5000), skewed, with_outlier}) {
        for (int levels : {1, 3, 7, 31, 127, 2047}) {
            const float top = largest(sample);
            double least_error = squared_error(sample, levels, top);
            for (double clip = top; clip > top / 50; clip *= 0.99)
                least_error = std::min(least_error, squared_error(sample, levels, clip));
            const float clip = choose_clip(Calibration::mse, levels, sample);
            CHECK(squared_error(sample, levels, clip) <= 1.02 * least_error, levels, top, clip,
                  least_error);
            CHECK(squared_error(sample, levels, clip) <= squared_error(sample, levels, top), levels,
                  top, clip);
        }
    }
}

TEST(calibrate_clips_a_far_outlier) {
    Sample sample = gaussian(10000);
    sample[4321] = 50;
    CHECK(choose_clip(Calibration::mse, 7, sample) < 5);
    CHECK(choose_clip(Calibration::entropy, 7, sample) < 5);
    CHECK(choose_clip(Calibration::percentile, 7, sample) < 5);
    for (float outlier : {1e3F, 1e6F, 1e30F}) {
        sample[4321] = outlier;
        for (int levels : {7, 127}) {
            const float entropy = choose_clip(Calibration::entropy, levels, sample);
            CHECK(entropy > 2.5F && entropy < 5, outlier, levels, entropy);
            // Clipping the outlier would cost more than the error of all other values.
            CHECK(choose_clip(Calibration::mse, levels, sample) > 0.9F * outlier, outlier, levels);
        }
    }
}

TEST(calibrate_handles_degenerate_samples) {
    constexpr float kTiny = std::numeric_limits<float>::denorm_min();
    constexpr float kHuge = std::numeric_limits<float>::max();
    for (Calibration method : kMethods) {
        for (int levels : kLevels) {
            const auto clip = [&](const Sample& sample) {
                return choose_clip(method, levels, sample);
            };
            const int number = static_cast<int>(method);
            CHECK(clip({}) == 0, number, levels);
            CHECK(clip({0}) == 0, number, levels);
            CHECK(clip(Sample(1000)) == 0, number, levels);
            for (float value : {kTiny, 1e-40F, 5.0F, 1e30F, kHuge}) {
                CHECK(clip({value}) == value, number, levels, value, clip({value}));
                CHECK(clip(Sample(100, value)) == value, number, levels, value);
            }
            const float mixed = clip({kHuge, kTiny, 0});
            CHECK(mixed > 0 && mixed <= kHuge, number, levels, mixed);
            Sample tiny(100);
            for (size_t i = 0; i < tiny.size(); ++i) tiny[i] = kTiny * static_cast<float>(i % 4);
            CHECK(clip(tiny) > 0 && clip(tiny) <= 3 * kTiny, number, levels, clip(tiny));
        }
    }
}

TEST(calibrate_ignores_zeros) {
    Sample sample(10000);
    for (int i = 0; i < 5; ++i) sample[static_cast<size_t>(i * 1000)] = static_cast<float>(i);
    CHECK(choose_clip(Calibration::percentile, 127, sample) == 4);
    CHECK(choose_clip(Calibration::mse, 127, sample) > 3.9F);
    CHECK(choose_clip(Calibration::entropy, 127, sample) > 3.9F);
}

TEST(calibrate_clips_nothing_with_many_levels) {
    const Sample sample = gaussian(10000);
    CHECK(choose_clip(Calibration::entropy, 32767, sample) == largest(sample));
    CHECK(choose_clip(Calibration::mse, 32767, sample) > 0.999F * largest(sample));
}

TEST(calibrate_scales_with_the_sample) {
    const Sample sample = gaussian(3000);
    for (Calibration method : kMethods) {
        for (int levels : kLevels) {
            const float clip = choose_clip(method, levels, sample);
            for (float factor : {0x1p-90F, 0x1p100F}) {
                Sample scaled = sample;
                for (float& value : scaled) value *= factor;
                CHECK(choose_clip(method, levels, scaled) == factor * clip, levels, factor, clip);
            }
        }
    }
}

// The sample uses no math library functions, which differ between platforms.
TEST(calibrate_gives_the_same_bits_on_every_platform) {
    Sample sample = uniform(20000);
    for (float& value : sample) value = value * value * value / (1.01F - value);
    uint64_t hash = 0xcbf29ce484222325U;
    for (Calibration method : kMethods)
        for (int levels : kLevels)
            hash = (hash ^ std::bit_cast<uint32_t>(choose_clip(method, levels, sample))) *
                   0x100000001b3U;
    CHECK(hash == 455442637809751722U, hash);
}
