// The inputs of the kernels that build graphs in bulk: the nearest columns of rows from blocks of
// dots, distances between rows, and diverse pruning of candidate lists.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "engine/jobs.hpp"

namespace vecq {

// A distance and a row packed in 64 bits, ordered by distance, then by row. Distances are finite
// and not negative, so their bits order as integers.
using Neighbor = uint64_t;

inline Neighbor neighbor_of(float distance, uint32_t row) {
    return Neighbor{std::bit_cast<uint32_t>(distance)} << 32 | row;
}
inline uint32_t row_of(Neighbor neighbor) { return static_cast<uint32_t>(neighbor); }
inline float distance_of(Neighbor neighbor) {
    return std::bit_cast<float>(static_cast<uint32_t>(neighbor >> 32));
}

// Distances of a link metric: base - score, at least 0.
struct LinkDistance {
    LinkMeasure measure;
    float base;  // the score of equal rows: 0, or 1 under cosine
};

// Largest number of columns of a NearestJob, and of wanted columns per row.
inline constexpr size_t kMaxColumns = 1024, kMaxNearest = 16;
// The offset of a column that no row may select.
inline constexpr float kAbsentColumn = std::numeric_limits<float>::max();

// Finds the nearest columns of each row of a chunk.
struct NearestJob {
    // [block][row][kBlockQueries]: dots of the rows with the columns of each block.
    const void* dots;
    size_t rows;     // in the chunk
    size_t columns;  // rounded up to whole blocks
    LinkDistance distance;
    const Affine* row_affine;
    const Affine* column_affine;
    float* factors;  // per column: a
    float* offsets;  // per column: -bias * c, or kAbsentColumn
    // The first row is the column `own`, the next one the column after it, ... kNoColumn: rows are
    // no columns. A row does not select itself.
    size_t own;
    size_t wanted;  // per row, at most kMaxNearest
    // [row][wanted], nearest first; a row may have fewer.
    uint16_t* nearest;
    float* distances;
    uint8_t* counts;
};

inline constexpr size_t kNoColumn = SIZE_MAX;

// Selects diverse neighbors among candidates in ascending order: a selected candidate strikes out
// all later ones that are `alpha` times nearer to it than to the row.
struct PruneJob {
    ScoredRows scored;
    LinkDistance distance;
    uint32_t row;
    const Neighbor* candidates;
    size_t count;  // at most kMaxCandidates
    size_t max_selected;
    size_t filled;  // fewer selected ones are filled up with the nearest struck out
    float alpha;
};

inline constexpr size_t kMaxCandidates = 1024;

// Computes the distances from a row to others.
struct DistancesJob {
    ScoredRows scored;
    LinkDistance distance;
    uint32_t row;
    const uint32_t* others;
    size_t count;
    float* distances;
};

}  // namespace vecq
