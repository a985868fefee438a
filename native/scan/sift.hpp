// What scans ask of an engine about the dots of a block of queries with some rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/layout.hpp"
#include "scan/best.hpp"

namespace vecq {

// Rows that are looked at together, at most, so that their dots stay in the first cache.
inline constexpr size_t kSiftedRows = 64;

// A query of the block scores a * dot + c * bias.
struct BlockDots {
    const void* dots;  // [row][kBlockQueries]
    size_t rows;
    const Affine* affine;    // of each row
    const float* biases;     // of each query
    const uint32_t* hidden;  // of each row, a bit for each query that it is kept from; or null
};

// The best score of each query among every so many rows.
struct PeakJob {
    BlockDots block;
    size_t rows_per_peak;
    float* peaks;  // [rows / rows_per_peak, rounded up][kBlockQueries]
};

// What is as good as the worst that is worth keeping, query by query.
struct SiftJob {
    BlockDots block;
    const uint32_t* numbers;  // of each row
    std::span<Best> best;     // of each query there is
};

}  // namespace vecq
