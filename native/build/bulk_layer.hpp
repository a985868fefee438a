// Builds the lists of one layer in bulk, over rows that are the first ones of the table.
//
//   leaves: offer the nearest pairs to reservoirs > heads: find links between clusters
//   > select: prune each reservoir > offer back: offer each link to its target
//   > write: prune and write the lists > copies: write the lists of equal rows
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "build/bulk_equal_rows.hpp"
#include "build/bulk_far.hpp"
#include "build/bulk_heads.hpp"
#include "build/bulk_partition.hpp"
#include "build/bulk_reservoirs.hpp"

namespace vecq {

class BulkLayer {
public:
    // Builds over the first `rows` rows; `equal` outlives this.
    BulkLayer(IndexState& state, const BulkEqualRows& equal, size_t layer, size_t rows);

    // Does a part of the work, some tens of milliseconds at most.
    void step(size_t threads);
    bool is_done() const { return stage_ == Stage::done; }
    double done() const;

private:
    enum class Stage { leaves, heads, select, offer_back, write, copies, done };
    // Scratch memory of a thread.
    struct Worker {
        Worker(size_t query_bytes, size_t max_links, size_t capacity)
            : query_codes(query_bytes), selected(max_links), own(capacity) {}

        Memory query_codes;
        std::vector<Neighbor> selected, candidates;
        std::vector<Neighbor> own;  // of the reservoir of a row
        // The pairs of a leaf in the order of their rows, and the same in the order of their
        // targets. Pairs of row i end at ends[i], those that lead to it begin at starts[i].
        std::vector<uint32_t> ends, starts, targets, sorted;
        std::vector<float> distances;
        std::vector<uint32_t> rows;  // to process
    };

    bool find_candidates(size_t workers);
    void process(size_t number, size_t first, size_t end);
    void visit_leaf(Worker& worker, BulkColumns& columns, std::span<const uint32_t> rows);
    void select(Worker& worker, uint32_t row, std::span<const Neighbor> far);
    void prefetch_codes(uint32_t row) const;
    void offer_back(Worker& worker, uint32_t row);
    void write(Worker& worker, uint32_t row);
    std::vector<uint32_t> heads() const;
    size_t append_new(uint32_t row, std::span<const uint32_t> links, size_t count) const;
    std::span<const uint32_t> coarse_links(uint32_t row) const;
    void clear_behind(uint32_t row, size_t count) const;
    void copy_links(uint32_t row) const;
    size_t prune(Worker& worker, uint32_t row, std::span<const Neighbor> candidates,
                 size_t max_selected, size_t filled);
    void prepare_workers(size_t count);

    IndexState& state_;
    const BulkEqualRows& equal_;
    const BulkRecipe recipe_;
    const size_t layer_, rows_;
    const std::vector<uint32_t> originals_;
    const ScoredRows scored_;
    const LinkDistance distance_;
    Stage stage_ = Stage::leaves;
    size_t next_ = 0;  // first row that the present stage has not processed
    std::optional<BulkPartition> partition_;
    std::optional<BulkHeads> heads_;
    std::optional<BulkFar> far_;
    BulkReservoirs reservoirs_;
    std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace vecq
