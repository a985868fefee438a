// Scores a group of queries, of one digit each, with many rows and keeps the best rows of each. The
// scores are comparable only between rows of one query: what is kept is to be scored anew. For
// integer codes the rows that are kept depend on the query and the list alone, not on the other
// queries of the group: each path computes the same score for a row and query, and of equal scores
// the lower row is kept. Blocks add the products of float codes in another order than rows do.
#pragma once

#include <span>
#include <vector>

#include "base/row_filter.hpp"
#include "base/memory.hpp"
#include "engine/engine.hpp"
#include "rows/row_list.hpp"
#include "kernels/top_k.hpp"

namespace vecq {

class Scanner {
public:
    explicit Scanner(const Kernels& kernels) : kernels_(kernels) {}

    // Whether filters must have sets of what they exclude.
    static bool wants_sets(size_t queries) { return queries <= kFew; }

    // `filters` is null, or has one for each query, and what they allow is the same for all.
    void begin(std::span<const EncodedQuery> queries, size_t dim, size_t width,
               const RowFilter* filters);
    // Where there are many rows, a sample of them tells what is not worth keeping.
    void scan(const ScoredRows& scored, const RowList& list);
    // Scans more rows for the queries of the last scan.
    void extend(const ScoredRows& scored, const RowList& list);
    // In no order.
    std::span<const Key> finish(size_t query) { return best_[query].finish(); }

private:
    // Few queries are scored one by one.
    bool by_rows() const { return queries_.size() <= kFew; }
    void pack();
    std::vector<float> bounds_of_sample(const ScoredRows& scored, const RowList& list);
    std::vector<float> bounds_of_peaks(size_t peaks, size_t rank) const;
    bool is_settled(size_t query, float bound) const;
    void scan_all(const ScoredRows& scored, const RowList& list);
    void scan_one(const ScoredRows& scored, const RowList& list, size_t query,
                  const RowFilter* filter);
    void scan_again(const ScoredRows& scored, const RowList& list, size_t query);
    void scan_blocks(const ScoredRows& scored, const RowList& list);
    template <class Body>
    void each_block(const ScoredRows& scored, const RowList& list, Body&& body);
    void hide(const RowList& stretch);
    void hide_held_back(const RowList& stretch, uint32_t* hidden) const;
    void hide_excluded(const RowList& stretch, size_t first, uint32_t* hidden) const;
    struct Chunk {
        Rows rows;
        const Affine* affine;
    };
    Chunk chunk_of(const ScoredRows& scored, const RowList& list);

    static constexpr size_t kFew = 6;
    static constexpr size_t kChunkRows = kSiftedRows;
    // What is hidden of so many rows stays in the second cache.
    static constexpr size_t kStretchRows = size_t{1} << 16;
    // What is excluded outside of a stretch goes to so many places more: no branch has to be
    // foreseen, and one place would have to wait for itself.
    static constexpr size_t kOutside = 64;

    const Kernels& kernels_;
    std::vector<EncodedQuery> queries_;  // as rows are ranked, see ranked()
    const RowFilter* filters_ = nullptr;
    size_t dim_ = 0, width_ = 0;
    std::vector<TopK> best_;
    size_t block_bytes_ = 0;
    Memory packed_, dots_, gathered_;
    std::vector<int32_t> sums_;
    std::vector<float> scales_, biases_, peaks_;
    std::vector<BlockTerms> terms_;  // of each block
    // Of each row of a stretch a bit for each query of a block that it is kept from, block by
    // block; of all blocks together, `hidden_stride_` being 0, where that is the same for all.
    std::vector<uint32_t> hidden_;
    size_t hidden_stride_ = 0;
    uint32_t numbers_[kChunkRows] = {};
    Affine affine_[kChunkRows] = {};
};

}  // namespace vecq
