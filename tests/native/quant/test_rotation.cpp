// Tests the random generator, and that rotations are orthogonal, invertible, even and reproducible.
#include "quant/rotation.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include "base/rng.hpp"
#include "check.hpp"
#include "engine/engine.hpp"

using vecq::Random;
using vecq::Rotation;

namespace {

using Vector = std::vector<float>;

Vector random_vector(size_t dim, uint64_t seed) {
    Random random(seed);
    Vector out(dim);
    for (float& value : out) value = static_cast<float>(2 * random.uniform() - 1);
    return out;
}

Rotation rotation_of(size_t dim, uint64_t seed,
                     const vecq::Engine& engine = vecq::active_engine()) {
    return {dim, seed, engine.quantizing.hadamard};
}

Vector rotated(const Rotation& rotation, Vector vector) {
    rotation.forward(vector.data());
    return vector;
}

double dot(const Vector& a, const Vector& b) {
    double sum = 0;
    for (size_t i = 0; i < a.size(); ++i) sum += double{a[i]} * b[i];
    return sum;
}

std::vector<size_t> all_dims() {
    std::vector<size_t> dims = {255, 256, 257, 768, 960, 1000, 1023, 1536, 65535};
    for (size_t dim = 1; dim <= 130; ++dim) dims.push_back(dim);
    return dims;
}

}  // namespace

TEST(rng_is_splitmix64) {
    Random random(0);
    CHECK(random.next() == 0xe220a8397b1dcdafU);
    CHECK(random.next() == 0x6e789e6aa1b965f4U);
    CHECK(random.next() == 0x06c45d188009454fU);
}

TEST(rng_ranges) {
    Random random(1);
    double sum = 0;
    std::vector<size_t> seen(7);
    for (int i = 0; i < 7000; ++i) {
        const double value = random.uniform();
        CHECK(value >= 0 && value < 1, value);
        sum += value;
        ++seen.at(random.below(seen.size()));
        CHECK(random.below(1) == 0);
        const uint64_t limit = (uint64_t{1} << 63) + 1;
        CHECK(random.below(limit) < limit);
    }
    CHECK(std::fabs(sum / 7000 - 0.5) < 0.02, sum);
    for (size_t count : seen) CHECK(count > 850 && count < 1150, count);
}

// 1e-6 of the norms is 8 units in the last place, after up to four transforms.
TEST(rotation_keeps_norms_and_dots) {
    for (size_t dim : all_dims()) {
        const Rotation rotation = rotation_of(dim, dim);
        const Vector a = random_vector(dim, 1), b = random_vector(dim, 2);
        const Vector ra = rotated(rotation, a), rb = rotated(rotation, b);
        const double aa = dot(a, a), bb = dot(b, b);
        CHECK(std::fabs(dot(ra, ra) - aa) <= 1e-6 * aa, dim, dot(ra, ra), aa);
        CHECK(std::fabs(dot(ra, rb) - dot(a, b)) <= 1e-6 * std::sqrt(aa * bb), dim);
    }
}

TEST(rotation_inverts) {
    for (size_t dim : all_dims()) {
        const Rotation rotation = rotation_of(dim, dim);
        const Vector original = random_vector(dim, 3);
        Vector forward_first = original, inverse_first = original;
        rotation.forward(forward_first.data());
        rotation.inverse(forward_first.data());
        rotation.inverse(inverse_first.data());
        rotation.forward(inverse_first.data());
        for (size_t i = 0; i < dim; ++i) {
            CHECK(std::fabs(forward_first[i] - original[i]) <= 1e-6F, dim, i, forward_first[i]);
            CHECK(std::fabs(inverse_first[i] - original[i]) <= 1e-6F, dim, i, inverse_first[i]);
        }
    }
}

TEST(rotation_of_one_dimension_is_a_sign) {
    bool positive = false, negative = false;
    for (uint64_t seed = 0; seed < 20; ++seed) {
        const float out = rotated(rotation_of(1, seed), {3})[0];
        positive |= out == 3;
        negative |= out == -3;
        CHECK(std::fabs(out) == 3, out);
    }
    CHECK(positive && negative);
}

TEST(rotation_depends_on_its_seed) {
    for (size_t dim : {size_t{100}, size_t{128}, size_t{768}}) {
        const Vector vector = random_vector(dim, 4);
        const Vector first = rotated(rotation_of(dim, 5), vector);
        CHECK(first == rotated(rotation_of(dim, 5), vector), dim);
        const Vector other = rotated(rotation_of(dim, 6), vector);
        size_t same = 0;
        for (size_t i = 0; i < dim; ++i) same += first[i] == other[i];
        CHECK(same < dim / 10, dim, same);
    }
}

// The largest of dim^2 Gaussian coordinates of variance 1/dim lies at 4 to 5.5 standard deviations.
TEST(rotation_spreads_unit_vectors) {
    for (size_t dim : {100, 127, 128, 300, 768, 960, 1000}) {
        const Rotation rotation = rotation_of(dim, 7);
        const float bound = 6 / std::sqrt(static_cast<float>(dim));
        for (size_t i = 0; i < dim; ++i) {
            Vector unit(dim);
            unit[i] = 1;
            for (float value : rotated(rotation, unit))
                CHECK(std::fabs(value) <= bound, dim, i, value);
        }
    }
}

// Covers dims whose two windows share a single coordinate.
TEST(rotation_mixes_both_halves) {
    for (size_t dim : {96, 127, 768, 960, 1000, 1023, 1536}) {
        const Rotation rotation = rotation_of(dim, 8);
        double across = 0;
        for (size_t i = 0; i < dim / 2; ++i) {
            Vector unit(dim);
            unit[i] = 1;
            rotation.forward(unit.data());
            for (size_t j = dim - dim / 2; j < dim; ++j) across += double{unit[j]} * unit[j];
        }
        across /= static_cast<double>(dim) / 2;
        CHECK(across > 0.4 && across < 0.6, dim, across);
    }
}

// Saved files hold only the seed, so these bits must never change.
TEST(rotation_gives_the_same_bits_on_every_engine) {
    for (const vecq::Engine* engine : vecq::engines()) {
        if (engine->missing() != nullptr) continue;
        uint64_t hash = 0xcbf29ce484222325U;
        for (size_t dim : all_dims()) {
            const Vector vector = random_vector(dim, 9);
            Vector all = rotated(rotation_of(dim, 10, *engine), vector), inverted = vector;
            rotation_of(dim, 11, *engine).inverse(inverted.data());
            all.insert(all.end(), inverted.begin(), inverted.end());
            for (float value : all) hash = (hash ^ std::bit_cast<uint32_t>(value)) * 0x100000001b3U;
        }
        CHECK(hash == 11837238402829150483U, engine->name, hash);
    }
}
