// Exact search over the codes of vectors, without an index.
#pragma once

#include "quant/codec.hpp"
#include "search/options.hpp"

namespace vecq {

struct BruteForceOptions {
    Metric metric;
    int query_bits;
    size_t k;
    size_t threads;
    Exclusions exclude;             // ids are row numbers
    size_t first_query, first_row;  // numbers of the first query and row
};

// Scores one block of rows and merges the best into `found`, which holds the best of earlier
// blocks: row numbers, scores, and counts of at most k.
void search_block(const Codec& codec, const BruteForceOptions& options, const float* queries,
                  size_t count, const float* rows, size_t row_count, const Found& found);

}  // namespace vecq
