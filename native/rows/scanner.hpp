// Scores the high parts of a group of queries against many rows and keeps the best rows of each
// query. Scores rank the rows of one query and nothing else: callers rescore the rows kept.
//
// For integer codes the rows kept depend on the query and the list only, not on the group: each
// path computes the same score for a row and query, and the lower row wins a tie. Block kernels add
// the products of float codes in another order than row kernels, so there scores may differ.
#pragma once

#include <span>
#include <vector>

#include "base/row_filter.hpp"
#include "kernels/top_k.hpp"
#include "rows/query_blocks.hpp"

namespace vecq {

class Scanner {
public:
    static constexpr size_t kFew = 6;

    explicit Scanner(const Kernels& kernels) : kernels_(kernels), blocks_(kernels) {}

    // Whether filters need RowSets of their excluded rows.
    static bool wants_sets(size_t queries) { return queries <= kFew; }

    // Sets the queries and the number of rows to keep. `filters` is null or has one filter per
    // query, all with the same `allowed`.
    void begin(std::span<const EncodedQuery> queries, size_t dim, size_t width,
               const RowFilter* filters);
    // Scans rows. If there are many, a sample of them gives the first bound of each query.
    void scan(const ScoredRows& scored, const RowList& list);
    // Scans more rows for the queries of the last scan.
    void extend(const ScoredRows& scored, const RowList& list);
    // Scans single rows for one query of the last scan.
    void extend(size_t query, const ScoredRows& scored, std::span<const uint32_t> rows) {
        kernels_.scan_rows({scored, queries_[query], rows, nullptr, &best_[query]});
    }
    // Returns the rows kept for a query, unsorted.
    std::span<const Key> finish(size_t query) { return best_[query].finish(); }

private:
    // Few queries are scored one by one, against single rows instead of blocks.
    bool scores_rows_singly() const { return queries_.size() <= kFew; }
    void pack();
    std::vector<float> bounds_of_sample(const ScoredRows& scored, const RowList& list);
    std::vector<float> bounds_of_peaks(size_t peaks, size_t rank) const;
    bool is_complete(size_t query, float bound) const;
    void scan_all(const ScoredRows& scored, const RowList& list);
    void scan_singly(const ScoredRows& scored, const RowList& list, size_t first_query,
                     size_t count, const RowFilter* filters);
    void scan_again(const ScoredRows& scored, const RowList& list, size_t query);
    void scan_blocks(const ScoredRows& scored, const RowList& list);
    template <class Body>
    void each_block(const ScoredRows& scored, const RowList& list, Body&& body);
    void hide(const RowList& stretch);
    void hide_disallowed(const RowList& stretch, uint32_t* hidden) const;
    void hide_excluded(const RowList& stretch, size_t first, uint32_t* hidden) const;

    static constexpr size_t kChunkRows = kSiftedRows;
    // Hidden bits are computed for this many rows at a time, which stay in L2.
    static constexpr size_t kStretchRows = size_t{1} << 16;
    // Branch-free: excluded rows outside the stretch go to this many dummy slots, which avoids a
    // store-forwarding chain.
    static constexpr size_t kDummySlots = 64;

    const Kernels& kernels_;
    std::vector<EncodedQuery> queries_;  // see ranking_query()
    const RowFilter* filters_ = nullptr;
    size_t dim_ = 0, width_ = 0;
    std::vector<TopK> best_;
    QueryBlocks blocks_;
    RowChunks chunks_;
    bool weighs_biases_ = false;
    std::vector<float> peaks_;
    // hidden_[block * hidden_stride_ + row in the stretch]: a bit per query of the block that must
    // not return the row. If no query excludes rows, all blocks share one array and the stride is
    // 0.
    std::vector<uint32_t> hidden_;
    size_t hidden_stride_ = 0;
    uint32_t numbers_[kChunkRows] = {};
};

}  // namespace vecq
