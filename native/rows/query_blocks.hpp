// Queries in blocks of kBlockQueries, packed for the block kernel, and chunks of rows as that
// kernel reads them. Their scores rank the rows of one query and nothing else.
#pragma once

#include <span>
#include <vector>

#include "base/memory.hpp"
#include "engine/engine.hpp"
#include "rows/row_list.hpp"

namespace vecq {

// Returns the query without terms that do not change the order of rows: the offset, which would
// round small differences away, and the scale if no bias is added.
EncodedQuery ranking_query(EncodedQuery query);

// Up to kSiftedRows rows that lie contiguously.
struct RowChunk {
    Rows rows;
    const Affine* affine;
    const float* item_biases;  // null if no query weighs them
    const uint32_t* numbers;   // of the rows
};

// The memory of one chunk.
class RowChunks {
public:
    // Returns the rows of a list, gathered unless they are contiguous. Valid until the next call.
    RowChunk load(const ScoredRows& scored, const RowList& list, bool weighs_biases);

private:
    Memory gathered_;
    uint32_t numbers_[kSiftedRows] = {};
    Affine affine_[kSiftedRows] = {};
    float item_biases_[kSiftedRows] = {};
};

class QueryBlocks {
public:
    explicit QueryBlocks(const Kernels& kernels) : kernels_(kernels) {}

    // Makes room for blocks of up to `count` queries. None is packed.
    void begin(size_t count, size_t dim);
    // Packs up to kBlockQueries queries.
    void pack(size_t block, std::span<const EncodedQuery> queries);
    // Returns the dots of a block with a chunk. `hidden`: a bit per query of the block for each
    // row that the query must not return, or null. Valid until the next call.
    BlockDots dots_of(const RowChunk& chunk, size_t block, const uint32_t* hidden);

private:
    const Kernels& kernels_;
    size_t dim_ = 0, block_bytes_ = 0;
    Memory packed_, dots_;
    std::vector<int32_t> sums_;
    std::vector<float> scales_, biases_, weights_;
    std::vector<BlockTerms> terms_;  // of each block
    std::vector<size_t> counts_;     // of queries of each block
};

constexpr size_t blocks_for(size_t queries) {
    return (queries + kBlockQueries - 1) / kBlockQueries;
}

inline bool weighs_biases(const EncodedQuery& query) { return query.item_bias_weight != 0; }

}  // namespace vecq
