// Kernels that compare a column with a range of values and write one bit per row, or count bits.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vecq {

// Each writes `count` bits: 1 where low <= value <= high, which no NaN is. The rest of the last
// word is 0.
struct CompareKernels {
    void (*floats)(const float* values, size_t count, float low, float high, uint64_t* words);
    void (*integers)(const int64_t* values, size_t count, int64_t low, int64_t high,
                     uint64_t* words);
    void (*bytes)(const uint8_t* values, size_t count, uint8_t low, uint8_t high, uint64_t* words);
    // Returns the number of set bits.
    size_t (*count)(const uint64_t* words, size_t count);
};

}  // namespace vecq
