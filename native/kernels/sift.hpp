// The jobs that scans give to an engine: find peaks or candidates in a block of dots.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/layout.hpp"
#include "kernels/top_k.hpp"

namespace vecq {

// Maximum number of rows per job, so that their dots stay in L1.
inline constexpr size_t kSiftedRows = 64;

// The terms that a block's scores have, so that a kernel can omit multiplications.
enum class BlockTerms : uint8_t {
    any,
    dots,         // every scale is 1 and every bias 0
    unit_biases,  // every bias is 1
    item_biases   // as any, plus the weighted biases of the rows
};

// The score of a row for a query is a * (scale * dot) + c * bias, with item biases plus weight *
// item bias, by the operations of RowScorer in the same order: equal integer dots give equal bits
// on every path.
struct BlockDots {
    const void* dots;  // [row][kBlockQueries]
    size_t rows;
    const Affine* affine;  // per row
    const float* scales;   // per query
    const float* biases;   // per query
    BlockTerms terms;
    const uint32_t* hidden;  // per row, a bit for each query that must not return it; or null
    // Item biases per row and their weights per query; null without item biases.
    const float *item_biases = nullptr, *weights = nullptr;
};

// Finds the best score of each query in each group of `rows_per_peak` rows.
struct PeakJob {
    BlockDots block;
    size_t rows_per_peak;
    float* peaks;  // [rows / rows_per_peak, rounded up][kBlockQueries]
};

// Offers each score that is not below the bound of its query's TopK.
struct SiftJob {
    BlockDots block;
    const uint32_t* numbers;  // the row number of each row
    std::span<TopK> best;     // per query; fewer than kBlockQueries in a partial block
};

}  // namespace vecq
