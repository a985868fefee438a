// Chooses leaders, and finds the leader of each row in two stages.
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

// With 256, 42 % of the links of a million rows in 5,000 clusters led to near rows, with 128 49 %.
constexpr size_t kRowsPerLeader = 128;
// Of rows, per thread and step.
constexpr size_t kBytesPerStep = 1 << 20;
constexpr size_t kRowsPerTask = 512;

// Twice the square root costs the least time, but then leaders of the same cluster are in several
// groups: of a million rows in 500 clusters 42 % of the links led to one of the nearest 2,048 rows,
// and 63 % with eight times the root.
size_t coarse_count(size_t leaders) {
    const auto balanced = static_cast<size_t>(8 * std::sqrt(static_cast<double>(leaders)));
    return std::min({std::max<size_t>(balanced, 1), leaders, kMaxColumns});
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
    groups_per_row_ = std::min(kGroupsPerRow, coarse);
}

void BulkOrder::step(size_t threads) {
    if (next_row_ < rows_)
        join_groups(threads);
    else
        find_leaders(threads);
}

double BulkOrder::done() const {
    const double joined = static_cast<double>(next_row_) / static_cast<double>(rows_);
    return (joined + static_cast<double>(next_group_) / static_cast<double>(groups_.size())) / 2;
}

// The next rows join the groups of their nearest coarse leaders.
void BulkOrder::join_groups(size_t threads) {
    const size_t workers = workers_for(threads, SIZE_MAX), wanted = groups_per_row_;
    const size_t first = next_row_, count = std::min(workers * rows_per_step_, rows_ - first);
    const bool is_first = first == 0 || columns_.size() < workers;
    prepare_workers(workers);
    if (is_first)
        for (const auto& columns : columns_) columns->load(coarse_);
    std::vector<uint32_t> rows(count);
    std::iota(rows.begin(), rows.end(), static_cast<uint32_t>(first));
    std::vector<uint16_t> joined(count * wanted);
    parallel_for(
        workers, (count + kRowsPerTask - 1) / kRowsPerTask, [&](size_t task, size_t worker) {
            const size_t from = task * kRowsPerTask;
            const auto some = std::span(rows).subspan(from, std::min(kRowsPerTask, count - from));
            columns_[worker]->each_nearest(some, wanted, [&](size_t i, const auto& nearest) {
                std::ranges::copy(nearest.columns, &joined[(from + i) * wanted]);
            });
        });
    for (size_t i = 0; i < count; ++i) {
        const auto own = std::span(joined).subspan(i * wanted, wanted);
        for (const uint16_t group : own) groups_[group].rows.push_back(rows[i]);
        if (next_leader_ < leaders_.size() && leaders_[next_leader_].row == rows[i])
            std::ranges::copy(own, leaders_[next_leader_++].groups);
    }
    next_row_ += count;
    if (next_row_ == rows_) sort_leaders();
}

// Numbers the leaders so that those of a group follow each other.
void BulkOrder::sort_leaders() {
    std::ranges::stable_sort(leaders_, {}, [](const Leader& one) { return one.groups[0]; });
    for (uint32_t number = 0; number < leaders_.size(); ++number)
        for (size_t i = 0; i < groups_per_row_; ++i)
            groups_[leaders_[number].groups[i]].leaders.push_back(number);
}

// Compares the rows of the next groups with the leaders there.
void BulkOrder::find_leaders(size_t threads) {
    const size_t workers = workers_for(threads, SIZE_MAX);
    prepare_workers(workers);
    for (size_t done = 0; next_group_ < groups_.size() && done < workers * rows_per_step_;) {
        Group group = std::move(groups_[next_group_++]);
        done += group.rows.size();
        find_leaders_in(group, workers);
    }
}

void BulkOrder::find_leaders_in(const Group& group, size_t threads) {
    if (group.leaders.empty()) return;
    const size_t count = group.rows.size();
    for (size_t first = 0; first < group.leaders.size(); first += kMaxColumns) {
        const size_t some = std::min(kMaxColumns, group.leaders.size() - first);
        std::vector<uint32_t> leaders(some);
        for (size_t i = 0; i < some; ++i) leaders[i] = leaders_[group.leaders[first + i]].row;
        for (size_t i = 0; i < threads; ++i) columns_[i]->load(leaders);
        const size_t tasks = (count + kRowsPerTask - 1) / kRowsPerTask;
        parallel_for(threads, tasks, [&](size_t task, size_t worker) {
            const size_t from = task * kRowsPerTask;
            const auto rows =
                std::span(group.rows).subspan(from, std::min(kRowsPerTask, count - from));
            columns_[worker]->each_nearest(rows, 1, [&](size_t i, const auto& found) {
                if (found.columns.empty()) return;
                const uint32_t number = group.leaders[first + found.columns[0]];
                Key& nearest = nearest_[rows[i]];
                nearest = std::min(nearest, key_of(-found.distances[0], number));
            });
        });
    }
}

std::vector<uint32_t> BulkOrder::take_rows() {
    std::vector<uint32_t> ends(leaders_.size() + 1);
    for (const Key key : nearest_) ++ends[node_of(key) + 1];
    for (size_t i = 1; i < ends.size(); ++i) ends[i] += ends[i - 1];
    std::vector<uint32_t> order(rows_);
    for (uint32_t row = 0; row < rows_; ++row) order[ends[node_of(nearest_[row])]++] = row;
    return order;
}

void BulkOrder::prepare_workers(size_t count) {
    while (columns_.size() < count) columns_.push_back(std::make_unique<BulkColumns>(state_));
}

}  // namespace vecq
