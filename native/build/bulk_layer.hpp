// Builds the lists of one layer in bulk, over rows that are the first ones of the table.
//
//   split: divide the rows into overlapping leaves
//   for each slab of rows:   leaves: offer the nearest rows of each leaf to the reservoirs
//                          > select: prune each reservoir and write the chosen links
//   heads: find links between clusters
//   for each slab of rows:   offer: offer the links that lead into the slab back to their targets
//                          > write: prune and write the lists
//   copies: write the lists of equal rows
#pragma once

#include <optional>
#include <vector>

#include "build/bulk_linker.hpp"
#include "build/bulk_partition.hpp"

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
    enum class Stage { split, leaves, select, heads, offer, write, copies, done };

    void begin_slab(size_t first);
    void end_slab(Stage first, Stage next);
    void end_stage();
    void visit_leaves(size_t workers);
    void process_rows(size_t workers, size_t end, BulkLinker::Stage stage);
    void add_heads();

    IndexState& state_;
    const BulkEqualRows& equal_;
    const BulkRecipe recipe_;
    const size_t layer_, rows_, slab_rows_;
    const std::vector<uint32_t> originals_;
    Stage stage_ = Stage::split;
    size_t slab_first_ = 0, slab_end_ = 0;
    size_t next_ = 0;  // first row, or leaf, that the present stage has not processed
    std::optional<BulkPartition> partition_;
    std::vector<BulkPartition::Leaf> leaves_;
    std::optional<BulkLinker> linker_;  // from the end of `split` on
    std::vector<uint32_t> head_rows_;
    std::optional<BulkHeads> heads_;
    std::vector<std::vector<uint32_t>> rows_of_task_;  // per thread
};

}  // namespace vecq
