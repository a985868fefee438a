// Finds the order in which the rows of a bulk build are stored, so that a walk finds the rows of
// neighbors in few cache lines and pages: the rows of a leader follow each other, and so do near
// leaders.
//
// Leaders are random rows, one for every 128 rows. With fewer, the rows of a cluster that has no
// leader scatter among far ones. A few leaders are coarse. Each row joins the group of its nearest
// coarse leader, and takes the nearest leader there. Each leader is in the groups of several coarse
// leaders: leaders are few, so this costs less than rows that join several groups. Groups of many
// leaders are divided once more, into cells.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <vector>

#include "base/key.hpp"
#include "build/agglomeration.hpp"
#include "build/bulk_cells.hpp"

namespace vecq {

class BulkOrder {
public:
    // Orders the first `rows` rows, which are staged.
    BulkOrder(IndexState& state, size_t rows);

    // Does a part of the work on several threads: some tens of milliseconds. One step orders all
    // leaders on one thread, which takes longer above some ten million rows.
    void step(size_t threads);
    bool is_done() const { return next_group_ == groups_.size(); }
    // Fraction of the work that is done.
    double done() const;
    // Returns all rows, those of a leader ascending. Allowed once, when the work is done.
    std::vector<uint32_t> take_rows();

private:
    static constexpr size_t kGroupsPerLeader = 4;

    struct Leader {
        uint32_t row;
        std::array<uint16_t, kGroupsPerLeader> groups;  // the nearest first
    };
    // Of a coarse leader.
    struct Group {
        std::vector<uint32_t> rows, leaders;
    };

    void join_leaders(size_t threads);
    void join_rows(size_t threads);
    void pair_leaders();
    void pair_leaders_of(size_t number);
    void find_leaders(size_t threads);
    void find_leaders_of(const Group& group, size_t threads);
    void find_leaders_in_cells(const Group& group, size_t threads);
    template <class Visit>
    void each_nearest(std::span<const uint32_t> rows, size_t wanted, size_t threads, Visit&& visit);
    template <class Visit>
    void each_nearest_leader(std::span<const uint32_t> rows, std::span<const uint32_t> leaders,
                             size_t wanted, size_t threads, Visit&& visit);
    void prepare_workers(size_t count);

    const IndexState& state_;
    const size_t rows_, rows_per_step_;
    size_t groups_per_leader_;
    std::vector<Leader> leaders_;   // ascending rows
    std::vector<uint32_t> coarse_;  // rows
    std::vector<Group> groups_;     // of coarse_
    std::vector<NearPair> pairs_;   // of leaders
    std::vector<uint32_t> chain_;   // all leaders, near ones after each other
    std::vector<Key> nearest_;      // per row: the distance and the number of its leader
    size_t next_leader_ = 0, next_row_ = 0, next_paired_ = 0, next_group_ = 0;
    std::vector<std::unique_ptr<BulkColumns>> columns_;  // per worker, at first of coarse_
};

}  // namespace vecq
