// Chooses leaders, assigns rows to them, and splits groups down to leaves.
#include "build/bulk_partition.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/pool.hpp"
#include "base/rng.hpp"

namespace vecq {
namespace {

// Larger groups are split by all threads. Most smaller ones are split by one thread each.
constexpr size_t kLargeGroupBytes = 1 << 24;
// Smaller groups per thread and step, at least: their sizes differ.
constexpr size_t kGroupsPerWorker = 4;
// Of rows, per thread and step.
constexpr size_t kBytesPerStep = 1 << 20;
constexpr size_t kRowsPerAssignment = 512;
constexpr size_t kMaxLeaders = 1000;
// Groups that splitting does not make smaller are cut at random.
constexpr size_t kMaxDepth = 8;

size_t row_bytes_of(const IndexState& state) { return state.rows.codes().codec().row_bytes(); }

uint64_t seed_of(uint64_t seed, uint64_t number) { return Random(seed + number).next(); }

std::vector<uint32_t> sample(std::span<const uint32_t> rows, size_t count, uint64_t seed) {
    Random random(seed);
    std::vector<uint32_t> chosen;
    chosen.reserve(2 * count);
    while (chosen.size() < count) {
        while (chosen.size() < count + count / 8 + 1)
            chosen.push_back(rows[random.below(rows.size())]);
        std::sort(chosen.begin(), chosen.end());
        chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
    }
    for (size_t i = 0; i < count; ++i)
        std::swap(chosen[i], chosen[i + random.below(chosen.size() - i)]);
    chosen.resize(count);
    return chosen;
}

}  // namespace

BulkPartition::BulkPartition(const IndexState& state, const BulkRecipe& recipe,
                             std::vector<uint32_t> rows, uint64_t seed)
    : state_(state),
      recipe_(recipe),
      large_group_(std::max(recipe.leaf_rows, kLargeGroupBytes / row_bytes_of(state))),
      rows_per_step_(std::max<size_t>(1, kBytesPerStep / row_bytes_of(state))) {
    rows_total_ = rows_left_ = static_cast<double>(rows.size());
    groups_.push_back({std::move(rows), 0, seed});
}

double BulkPartition::done() const { return 1 - rows_left_ / rows_total_; }

void BulkPartition::step(size_t threads) {
    if (split_) return split_some(threads);
    if (is_done()) return;
    if (splits_next_together(threads)) {
        Group group = std::move(groups_.back());
        groups_.pop_back();
        if (group.depth < kMaxDepth) {
            split_.emplace(begin_split(std::move(group)));
            has_leaders_.assign(has_leaders_.size(), false);
            return;
        }
        for (Group& chunk : chunks_of(std::move(group.rows), group.seed))
            groups_.push_back(std::move(chunk));
    }
    split_groups(threads);
}

// Whether all threads split the next group together: it is large, or more than the share of each,
// and each has a task.
bool BulkPartition::splits_next_together(size_t threads) const {
    const size_t rows = groups_.back().rows.size(), workers = workers_for(threads, SIZE_MAX);
    const auto share = rows_left_ / static_cast<double>(workers);
    return rows > large_group_ ||
           (rows > std::max(recipe_.leaf_rows, workers * kRowsPerAssignment) &&
            static_cast<double>(rows) > share);
}

BulkPartition::Split BulkPartition::begin_split(Group group) const {
    const size_t count = group.rows.size(), wanted = recipe_.fanout[group.depth > 0];
    const size_t filled = 2 * count * wanted / recipe_.leaf_rows + 1;
    const size_t leaders =
        std::min(std::max<size_t>({filled, wanted + 1, 2}), std::min(kMaxLeaders, count));
    Split split;
    split.fanout = std::min({wanted, leaders - 1, kMaxNearest});
    split.leaders = sample(group.rows, leaders, group.seed);
    const bool has_cells =
        split.fanout == 1 && leaders >= BulkCells::kLeastLeaders && count > large_group_;
    split.coarse = has_cells ? BulkCells::coarse_count(leaders) : leaders;
    split.assigned.resize(count * split.fanout);
    split.group = std::move(group);
    return split;
}

void BulkPartition::assign(Split& split, BulkColumns& columns, size_t first, size_t count) {
    const std::span<const uint32_t> rows = split.group.rows;
    columns.each_nearest(rows.subspan(first, count), split.fanout,
                         [&](size_t i, const BulkColumns::Nearest& nearest) {
                             uint16_t* own = &split.assigned[(first + i) * split.fanout];
                             std::ranges::copy(nearest.columns, own);
                         });
}

// Returns the groups of the leaders, and pools small ones.
std::vector<BulkPartition::Group> BulkPartition::groups_of(Split& split) const {
    const std::vector<uint32_t>& rows = split.group.rows;
    const size_t depth = split.group.depth + 1;
    std::vector<std::vector<uint32_t>> members(split.leaders.size());
    std::vector<uint32_t> counts(split.leaders.size());
    for (const uint16_t leader : split.assigned) ++counts[leader];
    for (size_t i = 0; i < members.size(); ++i) members[i].reserve(counts[i]);
    for (size_t i = 0; i < split.assigned.size(); ++i) {
        std::vector<uint32_t>& own = members[split.assigned[i]];
        const uint32_t row = rows[i / split.fanout];
        if (own.empty() || own.back() != row) own.push_back(row);
    }
    std::vector<Group> groups;
    std::vector<uint32_t> pool;
    const auto add = [&](std::vector<uint32_t> own) {
        groups.push_back({std::move(own), depth, seed_of(split.group.seed, groups.size() + 1)});
    };
    const auto add_pool = [&] {
        std::sort(pool.begin(), pool.end());
        pool.erase(std::unique(pool.begin(), pool.end()), pool.end());
        add(std::exchange(pool, {}));
    };
    for (std::vector<uint32_t>& own : members) {
        const uint64_t seed = seed_of(split.group.seed, groups.size() + 1);
        if (own.size() < recipe_.min_rows) {
            pool.insert(pool.end(), own.begin(), own.end());
            if (pool.size() >= recipe_.min_rows) add_pool();
        } else if (own.size() > rows.size() * 9 / 10) {
            for (Group& chunk : chunks_of(std::move(own), seed)) groups.push_back(std::move(chunk));
        } else {
            add(std::move(own));
        }
    }
    if (!pool.empty()) add_pool();
    return groups;
}

// Cuts rows into leaves at random.
std::vector<BulkPartition::Group> BulkPartition::chunks_of(std::vector<uint32_t> rows,
                                                           uint64_t seed) const {
    Random random(seed);
    for (size_t i = rows.size(); i > 1; --i) std::swap(rows[i - 1], rows[random.below(i)]);
    const size_t count = (rows.size() + recipe_.leaf_rows - 1) / recipe_.leaf_rows;
    std::vector<Group> chunks;
    for (size_t i = 0; i < count; ++i) {
        const auto at = [&](size_t part) {
            return rows.begin() + static_cast<ptrdiff_t>(rows.size() * part / count);
        };
        chunks.push_back({{at(i), at(i + 1)}, kMaxDepth, seed});
        std::sort(chunks.back().rows.begin(), chunks.back().rows.end());
    }
    return chunks;
}

void BulkPartition::prepare_workers(size_t count) {
    while (columns_.size() < count) {
        columns_.push_back(std::make_unique<BulkColumns>(state_));
        has_leaders_.push_back(false);
    }
}

bool BulkPartition::is_assigned(const Split& split) {
    return split.next == split.group.rows.size() &&
           (split.coarse == split.leaders.size() ||
            (split.cells && split.next_part == split.cells->parts().size()));
}

void BulkPartition::split_some(size_t threads) {
    Split& split = *split_;
    const size_t all = split.group.rows.size();
    const size_t workers = workers_for(threads, SIZE_MAX);
    prepare_workers(workers);
    if (split.next < all)
        assign_some(workers);
    else
        assign_in_cells(workers);
    if (!is_assigned(split)) return;
    std::vector<Group> groups = groups_of(split);
    // The largest come first, and a step splits groups of about equal sizes: some hold many times
    // the average, and a step ends with the last of its groups.
    std::ranges::stable_sort(groups, {}, [](const Group& group) { return group.rows.size(); });
    rows_left_ -= static_cast<double>(all);
    rows_total_ -= static_cast<double>(all);
    for (Group& group : groups) {
        rows_left_ += static_cast<double>(group.rows.size());
        rows_total_ += static_cast<double>(group.rows.size());
        groups_.push_back(std::move(group));
    }
    split_.reset();
}

// Compares the next rows with the coarse leaders, on several threads.
void BulkPartition::assign_some(size_t workers) {
    Split& split = *split_;
    const size_t first = split.next;
    const size_t last = std::min(split.group.rows.size(), first + workers * rows_per_step_);
    for (size_t i = 0; i < workers; ++i) {
        if (!has_leaders_[i]) columns_[i]->load(std::span(split.leaders).first(split.coarse));
        has_leaders_[i] = true;
    }
    const size_t tasks = (last - first + kRowsPerAssignment - 1) / kRowsPerAssignment;
    parallel_for(workers, tasks, [&](size_t task, size_t worker) {
        const size_t from = first + task * kRowsPerAssignment;
        assign(split, *columns_[worker], from, std::min(kRowsPerAssignment, last - from));
    });
    split.next = last;
}

// Compares the rows of the next cells with the leaders there, on several threads.
void BulkPartition::assign_in_cells(size_t workers) {
    Split& split = *split_;
    if (!split.cells) split.cells.emplace(split.leaders, split.assigned, *columns_[0]);
    const std::span<const BulkCells::Part> rest = split.cells->parts().subspan(split.next_part);
    size_t count = 0;
    for (size_t rows = 0; count < rest.size() && rows < workers * rows_per_step_; ++count)
        rows += rest[count].places.size();
    parallel_for(workers, count, [&](size_t task, size_t worker) {
        split.cells->assign(rest[task], split.group.rows, *columns_[worker], split.assigned);
    });
    split.next_part += count;
}

// Splits the small groups on top of the stack, each on one thread.
void BulkPartition::split_groups(size_t threads) {
    const size_t workers = workers_for(threads, SIZE_MAX);
    prepare_workers(workers);
    std::vector<Group> some;
    size_t rows = 0;
    while (!groups_.empty() && groups_.back().rows.size() <= large_group_ &&
           (some.size() < kGroupsPerWorker * workers ||
            rows + groups_.back().rows.size() <= workers * rows_per_step_)) {
        rows += groups_.back().rows.size();
        some.push_back(std::move(groups_.back()));
        groups_.pop_back();
    }
    std::vector<std::vector<Leaf>> found(some.size());
    parallel_for(workers, some.size(), [&](size_t task, size_t worker) {
        split_to_leaves(*columns_[worker], std::move(some[task]), found[task]);
    });
    for (std::vector<Leaf>& leaves : found)
        leaves_.insert(leaves_.end(), std::make_move_iterator(leaves.begin()),
                       std::make_move_iterator(leaves.end()));
    rows_left_ -= static_cast<double>(rows);
}

void BulkPartition::split_to_leaves(BulkColumns& columns, Group group,
                                    std::vector<Leaf>& leaves) const {
    if (group.rows.size() <= recipe_.leaf_rows) {
        leaves.push_back(std::move(group.rows));
        return;
    }
    std::vector<Group> groups;
    if (group.depth < kMaxDepth) {
        Split split = begin_split(std::move(group));
        columns.load(split.leaders);
        assign(split, columns, 0, split.group.rows.size());
        groups = groups_of(split);
    } else {
        groups = chunks_of(std::move(group.rows), group.seed);
    }
    for (Group& part : groups) split_to_leaves(columns, std::move(part), leaves);
}

}  // namespace vecq
