// Scans windows of a list of rows for a group of queries: each query may have some windows of its
// own, and rows are read once for all queries whose windows overlap.
//
// A query has a lane of a block while the scan is in a window of it, so that blocks are as full as
// windows overlap. Scores as in scanner.hpp.
#pragma once

#include <span>
#include <vector>

#include "base/slice.hpp"
#include "kernels/top_k.hpp"
#include "rows/query_blocks.hpp"

namespace vecq {

class WindowScanner {
public:
    // The places of the list that a query may return.
    struct Window {
        size_t begin, end, query;
    };
    // A list with windows, which rise by their begins; those of a query do not overlap.
    struct Part {
        RowList list;
        std::vector<Window> windows;
        // A test of the rows of each query, or null; empty: none needs one.
        std::vector<const KeyTest*> tests = {};
    };

    explicit WindowScanner(const Kernels& kernels) : kernels_(kernels), blocks_(kernels) {}

    // Sets the queries and the number of rows to keep.
    void begin(std::span<const EncodedQuery> queries, size_t dim, size_t width);
    // Scans one part after the other. `allowed`: one bit per row, or null. Returns false if the
    // slice, which may be null, ended before the scan.
    bool scan(const ScoredRows& scored, std::span<const Part> parts, const uint64_t* allowed,
              const Slice* slice);
    // Scans a whole list for all queries of the last scan.
    void extend(const ScoredRows& scored, const RowList& list);
    // Scans single rows for one query of the last scan.
    void extend(size_t query, const ScoredRows& scored, std::span<const uint32_t> rows) {
        kernels_.scan_rows({scored, queries_[query], rows, nullptr, &best_[query]});
    }
    // Returns the rows kept for a query, unsorted.
    std::span<const Key> finish(size_t query) { return best_[query].finish(); }

private:
    // Fewer queries are scored one by one, and so are the queries of a block of few open lanes.
    static constexpr size_t kFew = 6, kFewLanes = 8, kChunkRows = kSiftedRows;
    static constexpr uint32_t kNoLane = UINT32_MAX;
    struct Lane {
        Window window;
        bool is_open;
    };

    std::vector<float> sampled_bounds(const ScoredRows& scored, std::span<const Part> parts,
                                      const uint64_t* allowed);
    bool sweep_all(const ScoredRows& scored, std::span<const Part> parts, const uint64_t* allowed,
                   const Slice* slice);
    void set_test(size_t query, const Part& part) {
        best_[query].set_test(part.tests.empty() ? nullptr : part.tests[query]);
    }
    void scan_alone(size_t query, const ScoredRows& scored, std::span<const Part> parts,
                    const uint64_t* allowed);
    void scan_singly(size_t query, const ScoredRows& scored, const RowList& list,
                     std::span<const Window> windows, const uint64_t* allowed);
    bool sweep(const ScoredRows& scored, const RowList& list, std::span<const Window> windows,
               const uint64_t* allowed, const Slice* slice);
    void scan_lanes(const ScoredRows& scored, const RowList& part, size_t first,
                    const uint64_t* allowed);
    void scan_block(const RowChunk& chunk, size_t block, size_t first, const uint64_t* allowed);
    void scan_few_lanes(const ScoredRows& scored, const RowList& part, size_t block, size_t first,
                        const uint64_t* allowed);
    std::span<const Lane> lanes_of(size_t block) const {
        return std::span(lanes_).subspan(block * kBlockQueries, kBlockQueries);
    }
    bool has_open_lanes() const;
    bool must_end_before(const Window& window) const;
    size_t chunk_end(size_t row, size_t following) const;
    void open_lane(const Window& window);
    void close_lanes(size_t place);
    void hide_outside(std::span<const Lane> lanes, size_t first, size_t count,
                      uint32_t* hidden) const;

    const Kernels& kernels_;
    std::vector<EncodedQuery> queries_;  // see ranking_query()
    size_t width_ = 0;
    bool weighs_biases_ = false;
    QueryBlocks blocks_;
    RowChunks chunks_;
    std::vector<TopK> best_;  // of queries without a lane
    // Lanes of all blocks, the best rows of their queries, the lane of each query or kNoLane, and
    // the blocks of which a lane has another query than when they were packed.
    std::vector<Lane> lanes_;
    std::vector<TopK> lane_best_;
    std::vector<uint32_t> lane_of_;
    std::vector<char> stale_blocks_;
    std::vector<uint32_t> rows_;
};

}  // namespace vecq
