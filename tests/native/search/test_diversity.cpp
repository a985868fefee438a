// Maximal marginal relevance by every instruction set and code width, against its definition.
#include <algorithm>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "base/half.hpp"
#include "check.hpp"
#include "search/diversity.hpp"

using namespace vecq;

namespace {

constexpr Width kAllWidths[] = {Width::fp32,  Width::fp16,        Width::int16, Width::int8,
                                Width::int12, Width::int8_planes, Width::int4};

// Rows of small codes, whose dots are exact in every width. Every fifth row equals the one before
// it; every 50th has no direction.
struct Sample {
    Width width;
    size_t dim, count;
    Memory codes;
    std::vector<RowConstants> constants;
    std::vector<Key> keys;

    Sample(Width width, size_t lines, size_t count)
        : width(width),
          dim(lines * padded_codes(width, 1)),
          count(count),
          codes(count * row_bytes(width, dim)) {
        std::mt19937 random(static_cast<unsigned>(count));
        for (size_t i = 0; i < codes.bytes() / row_code_bytes(width); ++i) put(i, random);
        const size_t bytes = row_bytes(width, dim);
        for (size_t row = 4; row < count; row += 5)
            std::memcpy(codes.as<std::byte>() + row * bytes,
                        codes.as<std::byte>() + (row - 1) * bytes, bytes);
        for (uint32_t row = 0; row < count; ++row) {
            const float norm = row % 50 == 49 ? 0 : static_cast<float>(100 + row / 5 % 7);
            constants.push_back({1.0F / 16, norm, norm});
            // Neighbors share a score.
            keys.push_back(key_of(static_cast<float>(row / 2 * 37 % 1000), row));
        }
        std::ranges::sort(keys);
    }

    void put(size_t i, std::mt19937& random) {
        const int value = static_cast<int>(random() % 13) - 6;
        switch (width) {
            case Width::fp32: codes.as<float>()[i] = static_cast<float>(value); break;
            case Width::fp16:
                codes.as<uint16_t>()[i] = float_to_half(static_cast<float>(value));
                break;
            case Width::int16: codes.as<int16_t>()[i] = static_cast<int16_t>(value); break;
            case Width::int8: codes.as<uint8_t>()[i] = static_cast<uint8_t>(128 + value); break;
            default:  // two nibbles of 2 to 14
                codes.as<uint8_t>()[i] = static_cast<uint8_t>((8 + value) * 17);
        }
    }

    DiversityRows rows() const {
        return {{codes.as<std::byte>(), row_bytes(width, dim), count}, constants.data(), dim};
    }

    // Returns what is subtracted from the relevance of every row once `row` is picked.
    std::vector<float> similarities(const Kernels& kernels, uint32_t row) const {
        const Rows all = rows().rows;
        const Memory query(kernels.row_query_bytes(all.row_bytes)), dots(count * sizeof(int32_t));
        std::vector<uint32_t> ids(count);
        for (uint32_t i = 0; i < count; ++i) ids[i] = i;
        kernels.dot_rows(kernels.row_query(all.at(row), all.row_bytes, dim, query.as<void>()), all,
                         ids.data(), count, dots.as<void>());
        const bool is_float = width == Width::fp32 || width == Width::fp16;
        std::vector<float> out(count);
        for (size_t i = 0; i < count; ++i) {
            const float dot =
                is_float ? dots.as<float>()[i] : static_cast<float>(dots.as<int32_t>()[i]);
            out[i] = dot * inverse_norm(row) * inverse_norm(i);
        }
        return out;
    }
    float inverse_norm(size_t row) const {
        const RowConstants& own = constants[row];
        return own.centered_norm > 0 ? own.scale / own.centered_norm : 0;
    }

    std::vector<Key> expected(const Kernels& kernels, size_t wanted, float diversity) const {
        const float best = score_of(keys.front()), range = best - score_of(keys.back());
        std::vector<float> nearest(count, 0);
        std::vector<bool> is_picked(count, false);
        std::vector<Key> picked;
        while (picked.size() < std::min(wanted, count)) {
            size_t place = count;
            float most = -std::numeric_limits<float>::infinity();
            for (size_t i = 0; i < count; ++i) {
                const float relevance = range > 0 ? 1 - (best - score_of(keys[i])) / range : 1;
                const float worth =
                    (1 - diversity) * relevance - diversity * nearest[node_of(keys[i])];
                if (is_picked[i] || worth <= most) continue;
                most = worth;
                place = i;
            }
            is_picked[place] = true;
            picked.push_back(keys[place]);
            const auto near = similarities(kernels, node_of(keys[place]));
            for (size_t i = 0; i < count; ++i) nearest[i] = std::max(nearest[i], near[i]);
        }
        return picked;
    }
};

}  // namespace

TEST(picks_equal_those_of_the_definition) {
    for (const Engine* engine : engines()) {
        if (engine->missing() != nullptr) continue;
        for (const Width width : kAllWidths) {
            const Kernels& kernels = (*engine)[width];
            DiversityPicker picker;
            for (const size_t count : {1, 31, 32, 33, 600}) {
                const Sample sample(width, count == 600 ? 2 : 3, count);
                for (const float diversity : {0.1F, 0.5F, 1.0F})
                    for (const size_t wanted : {1, 9, 70}) {
                        std::vector<Key> keys = sample.keys;
                        picker.pick(keys, wanted, diversity, kernels, sample.rows());
                        CHECK(keys == sample.expected(kernels, wanted, diversity), engine->name,
                              int(width), count, diversity, wanted);
                    }
            }
        }
    }
}

TEST(scores_that_are_not_finite_are_picked_once) {
    const Sample sample(Width::int8, 1, 40);
    const float infinity = std::numeric_limits<float>::infinity();
    for (const float best : {infinity, std::numeric_limits<float>::max()}) {
        std::vector<Key> keys = sample.keys;
        for (size_t i = 0; i < keys.size(); ++i)
            keys[i] = key_of(i < 20 ? best : -best, node_of(keys[i]));
        const std::vector<Key> all = keys;
        DiversityPicker().pick(keys, 40, 0.5F, active_engine()[Width::int8], sample.rows());
        CHECK(std::ranges::is_permutation(keys, all), best);
    }
}
