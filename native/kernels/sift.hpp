// What scans ask of an engine about the dots of a block of queries with some rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/layout.hpp"
#include "kernels/top_k.hpp"

namespace vecq {

// Rows that are looked at together, at most, so that their dots stay in the first cache.
inline constexpr size_t kSiftedRows = 64;

// What the terms of a block's scores have in common, so that a kernel leaves out multiplications.
enum class BlockTerms : uint8_t {
    any,
    dots,        // every scale is 1 and every bias 0
    unit_biases  // every bias is 1
};

// A row scores a * (scale * dot) + c * bias for a query of the block, by the same operations as in
// RowScorer: the same integer dot gives the same bits on every path.
struct BlockDots {
    const void* dots;  // [row][kBlockQueries]
    size_t rows;
    const Affine* affine;  // of each row
    const float* scales;   // of each query, and so are
    const float* biases;   //   biases
    BlockTerms terms;
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
    std::span<TopK> best;     // of each query there is
};

}  // namespace vecq
