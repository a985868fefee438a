// Comparisons of columns by every instruction set against plain ones.
#include <bit>
#include <limits>
#include <random>
#include <vector>

#include "check.hpp"
#include "engine/engine.hpp"

using namespace vecq;

namespace {

constexpr size_t kLongest = 200;

template <class T, class Compare>
void check_compare(const Engine& engine, Compare compare, const std::vector<T>& pool) {
    std::mt19937 rng(1);
    std::vector<T> values(kLongest);
    for (T& value : values) value = pool[rng() % pool.size()];
    for (const size_t count : {0, 1, 63, 64, 65, 128, 199, 200})
        for (const T low : pool)
            for (const T high : pool) {
                std::vector<uint64_t> words(kLongest / 64 + 2, ~uint64_t{0});
                compare(values.data(), count, low, high, words.data());
                for (size_t i = 0; i < (count + 63) / 64 * 64; ++i) {
                    const bool holds = i < count && values[i] >= low && values[i] <= high;
                    CHECK((words[i / 64] >> i % 64 & 1) == holds, engine.name, i, count);
                }
                CHECK(words[(count + 63) / 64] == ~uint64_t{0}, engine.name, count);
            }
}

}  // namespace

TEST(columns_are_compared_alike_by_every_engine) {
    using Float = std::numeric_limits<float>;
    using Integer = std::numeric_limits<int64_t>;
    for (const Engine* engine : engines()) {
        if (engine->missing() != nullptr) continue;
        const CompareKernels& kernels = engine->comparing;
        check_compare<float>(*engine, kernels.floats,
                             {Float::quiet_NaN(), Float::infinity(), -Float::infinity(), 0.0F,
                              -0.0F, 1.0F, Float::max(), Float::denorm_min()});
        check_compare<int64_t>(*engine, kernels.integers,
                               {Integer::min(), Integer::min() + 1, -1, 0, 1, Integer::max()});
        check_compare<uint8_t>(*engine, kernels.bytes, {0, 1, 2, 127, 128, 254, 255});
        std::mt19937_64 rng(2);
        std::vector<uint64_t> words(37);
        size_t expected = 0;
        for (size_t count = 0; count < words.size(); ++count) {
            CHECK(kernels.count(words.data(), count) == expected, engine->name, count);
            words[count] = rng() & rng();
            expected += static_cast<size_t>(std::popcount(words[count]));
        }
    }
}
