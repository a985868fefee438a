// Chooses leaders, orders them, and finds the leader of each row in two or three stages.
#include "build/bulk_order.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>

#include "base/pool.hpp"
#include "base/rng.hpp"

namespace vecq {
namespace {

constexpr size_t kRowsPerLeader = 128;
// Of rows, per thread and step.
constexpr size_t kBytesPerStep = 1 << 20;
constexpr size_t kRowsPerTask = 256;
constexpr size_t kPairsPerLeader = 8;
// Cells pack each leader several times, which pays from this many rows per leader on.
constexpr size_t kLeastRowsPerLeader = 16;

// The square root would balance the work of both stages if all groups were alike. More groups keep
// the second stage small, where some hold many times the average.
size_t coarse_count(size_t leaders) {
    const auto balanced = static_cast<size_t>(8 * std::sqrt(static_cast<double>(leaders)));
    return std::min({std::max<size_t>(balanced, 1), leaders, kMaxColumns});
}

// Moves `count` evenly spaced items to the front.
std::vector<uint32_t> spread_to_front(std::span<const uint32_t> items, size_t count) {
    std::vector<uint32_t> front, others;
    for (size_t i = 0; i < items.size(); ++i)
        (front.size() * items.size() / count == i ? front : others).push_back(items[i]);
    front.insert(front.end(), others.begin(), others.end());
    return front;
}

}  // namespace

BulkOrder::BulkOrder(IndexState& state, size_t rows)
    : state_(state),
      rows_(rows),
      rows_per_step_(
          std::max<size_t>(kRowsPerTask, kBytesPerStep / state.rows.codes().codec().row_bytes())),
      nearest_(rows, ~Key{0} << 32) {
    for (uint32_t row = 0; row < rows; ++row) state.rows.derive_link_affine(row);
    Random random(state.options.seed);
    for (size_t first = 0; first < rows; first += kRowsPerLeader) {
        const size_t some = std::min(kRowsPerLeader, rows - first);
        leaders_.push_back({static_cast<uint32_t>(first + random.below(some)), {}});
    }
    const size_t coarse = coarse_count(leaders_.size());
    for (size_t i = 0; i < coarse; ++i)
        coarse_.push_back(leaders_[i * leaders_.size() / coarse].row);
    groups_.resize(coarse);
    groups_per_leader_ = std::min(kGroupsPerLeader, coarse);
}

void BulkOrder::step(size_t threads) {
    const size_t workers = workers_for(threads, SIZE_MAX);
    prepare_workers(workers);
    if (next_leader_ < leaders_.size())
        join_leaders(workers);
    else if (next_row_ < rows_)
        join_rows(workers);
    else if (next_paired_ < groups_.size())
        pair_leaders();
    else
        find_leaders(workers);
}

double BulkOrder::done() const {
    const double joined = static_cast<double>(next_row_) / static_cast<double>(rows_);
    return (joined + static_cast<double>(next_group_) / static_cast<double>(groups_.size())) / 2;
}

// The next leaders join the groups of their nearest coarse leaders.
void BulkOrder::join_leaders(size_t threads) {
    const size_t first = next_leader_;
    const size_t count = std::min(threads * rows_per_step_, leaders_.size() - first);
    std::vector<uint32_t> rows(count);
    for (size_t i = 0; i < count; ++i) rows[i] = leaders_[first + i].row;
    each_nearest(rows, groups_per_leader_, threads, [&](size_t i, const auto& nearest) {
        std::ranges::copy(nearest.columns, leaders_[first + i].groups.begin());
    });
    for (; next_leader_ < first + count; ++next_leader_)
        for (size_t i = 0; i < groups_per_leader_; ++i)
            groups_[leaders_[next_leader_].groups[i]].leaders.push_back(
                static_cast<uint32_t>(next_leader_));
}

// The next rows join the groups of their nearest coarse leaders.
void BulkOrder::join_rows(size_t threads) {
    const size_t first = next_row_, count = std::min(threads * rows_per_step_, rows_ - first);
    std::vector<uint32_t> rows(count);
    std::iota(rows.begin(), rows.end(), static_cast<uint32_t>(first));
    std::vector<uint16_t> joined(count);
    each_nearest(rows, 1, threads, [&](size_t i, const auto& nearest) {
        std::ranges::copy(nearest.columns, &joined[i]);
    });
    for (size_t i = 0; i < count; ++i) groups_[joined[i]].rows.push_back(rows[i]);
    next_row_ += count;
}

// Pairs the leaders of the next groups with near ones. After the last group, orders all leaders.
void BulkOrder::pair_leaders() {
    for (size_t done = 0; next_paired_ < groups_.size() && done < rows_per_step_; ++next_paired_) {
        pair_leaders_of(next_paired_);
        done += groups_[next_paired_].leaders.size();
    }
    if (next_paired_ == groups_.size())
        chain_ = agglomerative_order(static_cast<uint32_t>(leaders_.size()), std::move(pairs_));
}

// Compares the leaders whose nearest group this is with all leaders there.
void BulkOrder::pair_leaders_of(size_t number) {
    const Group& group = groups_[number];
    std::vector<uint32_t> own, rows;
    for (const uint32_t leader : group.leaders) {
        if (leaders_[leader].groups[0] != number) continue;
        own.push_back(leader);
        rows.push_back(leaders_[leader].row);
    }
    each_nearest_leader(rows, group.leaders, kPairsPerLeader, 1,
                        [&](size_t i, uint32_t other, float distance) {
                            if (other != own[i]) pairs_.push_back({distance, own[i], other});
                        });
}

// Compares the rows of the next groups with the leaders there.
void BulkOrder::find_leaders(size_t threads) {
    for (size_t done = 0; next_group_ < groups_.size() && done < threads * rows_per_step_;) {
        const Group group = std::move(groups_[next_group_++]);
        done += group.rows.size();
        find_leaders_of(group, threads);
    }
}

void BulkOrder::find_leaders_of(const Group& group, size_t threads) {
    const size_t leaders = group.leaders.size();
    if (leaders >= BulkCells::kLeastLeaders && leaders <= BulkCells::kMostLeaders &&
        group.rows.size() >= leaders * kLeastRowsPerLeader)
        return find_leaders_in_cells(group, threads);
    each_nearest_leader(group.rows, group.leaders, 1, threads,
                        [&](size_t i, uint32_t leader, float distance) {
                            Key& nearest = nearest_[group.rows[i]];
                            nearest = std::min(nearest, key_of(-distance, leader));
                        });
}

void BulkOrder::find_leaders_in_cells(const Group& group, size_t threads) {
    const size_t coarse = BulkCells::coarse_count(group.leaders.size());
    const std::vector<uint32_t> leaders = spread_to_front(group.leaders, coarse);
    std::vector<uint32_t> rows(leaders.size());
    std::ranges::transform(leaders, rows.begin(), [&](uint32_t i) { return leaders_[i].row; });
    for (size_t i = 0; i < threads; ++i) columns_[i]->load(std::span(rows).first(coarse));
    std::vector<uint16_t> assigned(group.rows.size());
    each_nearest(group.rows, 1, threads, [&](size_t i, const auto& nearest) {
        std::ranges::copy(nearest.columns, &assigned[i]);
    });
    const BulkCells cells(std::move(rows), assigned, *columns_[0]);
    parallel_for(threads, cells.parts().size(), [&](size_t task, size_t worker) {
        cells.assign(cells.parts()[task], group.rows, *columns_[worker], assigned);
    });
    // Nothing reads the distances.
    for (size_t i = 0; i < assigned.size(); ++i)
        nearest_[group.rows[i]] = key_of(0, leaders[assigned[i]]);
}

// Calls visit(i, nearest) for each of `rows`, on several threads.
template <class Visit>
void BulkOrder::each_nearest(std::span<const uint32_t> rows, size_t wanted, size_t threads,
                             Visit&& visit) {
    const size_t tasks = (rows.size() + kRowsPerTask - 1) / kRowsPerTask;
    parallel_for(threads, tasks, [&](size_t task, size_t worker) {
        const size_t first = task * kRowsPerTask;
        const auto some = rows.subspan(first, std::min(kRowsPerTask, rows.size() - first));
        columns_[worker]->each_nearest(
            some, wanted, [&](size_t i, const auto& nearest) { visit(first + i, nearest); });
    });
}

// Calls visit(i, leader, distance) for the nearest of some leaders to each of `rows`, and more than
// once per nearest one if the leaders are more than the columns of a block product.
template <class Visit>
void BulkOrder::each_nearest_leader(std::span<const uint32_t> rows,
                                    std::span<const uint32_t> leaders, size_t wanted,
                                    size_t threads, Visit&& visit) {
    if (rows.empty()) return;
    for (size_t first = 0; first < leaders.size(); first += kMaxColumns) {
        const auto some = leaders.subspan(first, std::min(kMaxColumns, leaders.size() - first));
        std::vector<uint32_t> own(some.size());
        std::ranges::transform(some, own.begin(), [&](uint32_t i) { return leaders_[i].row; });
        for (size_t i = 0; i < threads; ++i) columns_[i]->load(own);
        each_nearest(rows, std::min(wanted, some.size()), threads,
                     [&](size_t i, const auto& nearest) {
                         for (size_t n = 0; n < nearest.columns.size(); ++n)
                             visit(i, some[nearest.columns[n]], nearest.distances[n]);
                     });
    }
}

std::vector<uint32_t> BulkOrder::take_rows() {
    std::vector<uint32_t> ends(leaders_.size());
    for (const Key key : nearest_) ++ends[node_of(key)];
    uint32_t end = 0;
    for (const uint32_t leader : chain_) {
        const uint32_t count = std::exchange(ends[leader], end);
        end += count;
    }
    std::vector<uint32_t> order(rows_);
    for (uint32_t row = 0; row < rows_; ++row) order[ends[node_of(nearest_[row])]++] = row;
    return order;
}

void BulkOrder::prepare_workers(size_t count) {
    while (columns_.size() < count) {
        columns_.push_back(std::make_unique<BulkColumns>(state_));
        columns_.back()->load(coarse_);
    }
}

}  // namespace vecq
