// Splits rows into overlapping leaves: recursively, each row joins the groups of its nearest
// leaders, which are random rows of the group that is split.
//
// The leaves depend on the seed alone, not on the threads.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "build/bulk_cells.hpp"
#include "build/bulk_recipe.hpp"

namespace vecq {

class BulkPartition {
public:
    // Ascending rows, at most leaf_rows.
    using Leaf = std::vector<uint32_t>;

    // Splits ascending rows.
    BulkPartition(const IndexState& state, const BulkRecipe& recipe, std::vector<uint32_t> rows,
                  uint64_t seed);

    // Does a part of the work, some tens of milliseconds, on several threads.
    void step(size_t threads);
    bool is_done() const { return groups_.empty() && !split_; }
    // Fraction of the work that is done.
    double done() const;
    // The leaves. Those of a group follow each other.
    std::vector<Leaf> take_leaves() { return std::move(leaves_); }

private:
    struct Group {
        std::vector<uint32_t> rows;
        size_t depth;
        uint64_t seed;
    };
    // The assignment of the rows of a group to leaders, in progress.
    struct Split {
        Group group;
        size_t fanout = 0;
        std::vector<uint32_t> leaders;
        std::vector<uint16_t> assigned;  // [row][fanout]
        size_t coarse = 0;               // leaders that all rows are compared with
        size_t next = 0;                 // first row that is not compared with them
        std::optional<BulkCells> cells;  // where only some leaders are coarse
        size_t next_part = 0;            // of the cells
    };

    bool splits_next_together(size_t threads) const;
    Split begin_split(Group group) const;
    static bool is_assigned(const Split& split);
    static void assign(Split& split, BulkColumns& columns, size_t first, size_t count);
    std::vector<Group> groups_of(Split& split) const;
    std::vector<Group> chunks_of(std::vector<uint32_t> rows, uint64_t seed) const;
    void split_some(size_t threads);
    void assign_some(size_t workers);
    void assign_in_cells(size_t workers);
    void split_groups(size_t threads);
    void split_to_leaves(BulkColumns& columns, Group group, std::vector<Leaf>& leaves) const;
    void prepare_workers(size_t count);

    const IndexState& state_;
    const BulkRecipe recipe_;
    const size_t large_group_, rows_per_step_;
    std::vector<Group> groups_;
    std::optional<Split> split_;
    std::vector<Leaf> leaves_;
    std::vector<std::unique_ptr<BulkColumns>> columns_;  // per worker
    std::vector<bool> has_leaders_;                      // per worker, of split_
    double rows_left_ = 0, rows_total_ = 0;
};

}  // namespace vecq
