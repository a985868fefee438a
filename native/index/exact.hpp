// Exact search without an index.
#pragma once

#include "index/index.hpp"

namespace vecq {

struct ExactOptions {
    Metric metric;
    int query_bits;
    size_t k;
    size_t threads;
    Exclusions exclude;             // ids are numbers of rows
    size_t first_query, first_row;  // numbers of the first of each
};

// Scores one block of rows and merges what is good enough into `found`, which holds the best of the
// blocks before: their numbers, scores and counts.
void exact_block(const Codec& codec, const ExactOptions& options, const float* queries,
                 size_t count, const float* rows, size_t row_count, const Found& found);

}  // namespace vecq
