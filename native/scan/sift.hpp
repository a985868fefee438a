// What is sifted: the dots of a block of queries with some rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/gate.hpp"
#include "base/layout.hpp"
#include "scan/best.hpp"

namespace vecq {

// Rows that are sifted at a time, at most, so that their dots stay in the first cache.
inline constexpr size_t kSiftedRows = 64;

struct SiftJob {
    const void* dots;  // [row][kBlockQueries]
    size_t rows;
    const Affine* affine;     // of each row
    const uint32_t* numbers;  // of each row
    const float* biases;      // of each query of the block; it scores a * dot + c * bias
    std::span<Best> best;     // of each query there is
    const Gate* gates;        // of each, or null
    const uint32_t* hidden;   // of each row, a bit for each query that it is kept from; or null
};

}  // namespace vecq
