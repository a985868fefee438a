// Finds the order in which the rows of a bulk build are stored, so that a walk finds the rows of
// neighbors in few cache lines and pages: the rows of a leader follow each other.
//
// Leaders are random rows, one for every 128 rows. With fewer, the rows of a cluster that has no
// leader scatter among far ones. A few leaders are coarse. Each row, leaders included, joins the
// groups of its nearest coarse leaders, and then takes the nearest leader of these groups.
#pragma once

#include <memory>
#include <vector>

#include "base/key.hpp"
#include "build/bulk_columns.hpp"

namespace vecq {

class BulkOrder {
public:
    // Orders the first `rows` rows, which are staged.
    BulkOrder(IndexState& state, size_t rows);

    // Does a part of the work, some tens of milliseconds, on several threads.
    void step(size_t threads);
    bool is_done() const { return next_group_ == groups_.size(); }
    // Fraction of the work that is done.
    double done() const;
    // Returns all rows, those of a leader ascending. Allowed once, when the work is done.
    std::vector<uint32_t> take_rows();

private:
    static constexpr size_t kGroupsPerRow = 4;

    struct Leader {
        uint32_t row;
        uint16_t groups[kGroupsPerRow];
    };
    // Of a coarse leader.
    struct Group {
        std::vector<uint32_t> rows, leaders;
    };

    void join_groups(size_t threads);
    void sort_leaders();
    void find_leaders(size_t threads);
    void find_leaders_in(const Group& group, size_t threads);
    void prepare_workers(size_t count);

    const IndexState& state_;
    const size_t rows_, rows_per_step_;
    size_t groups_per_row_;
    std::vector<Leader> leaders_;   // ascending rows; once these have groups, by groups[0]
    std::vector<uint32_t> coarse_;  // rows
    std::vector<Group> groups_;     // of coarse_
    std::vector<Key> nearest_;      // per row: the distance and the number of its leader
    size_t next_row_ = 0, next_leader_ = 0, next_group_ = 0;
    std::vector<std::unique_ptr<BulkColumns>> columns_;  // per worker
};

}  // namespace vecq
