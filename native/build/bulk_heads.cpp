// Compares heads with the sample and sorts the links by the rows they leave.
#include "build/bulk_heads.hpp"

#include <algorithm>

#include "base/pool.hpp"

namespace vecq {
namespace {

constexpr size_t kHeadsPerTask = 32, kTasksPerStep = 16;

// Half of the sample are the first rows, the other half lies evenly between all others.
std::vector<uint32_t> sample_of(std::span<const uint32_t> rows) {
    const size_t first = std::min(rows.size(), kMaxColumns / 2), others = rows.size() - first;
    std::vector<uint32_t> sample(rows.begin(), rows.begin() + static_cast<ptrdiff_t>(first));
    const size_t wanted = std::min(others, kMaxColumns - first);
    for (size_t i = 0; i < wanted; ++i) sample.push_back(rows[first + i * others / wanted]);
    return sample;
}

}  // namespace

BulkHeads::BulkHeads(const IndexState& state, std::span<const uint32_t> rows,
                     std::vector<uint32_t> heads)
    : state_(state), heads_(std::move(heads)), sample_(sample_of(rows)), found_(heads_.size()) {}

void BulkHeads::step(size_t threads) {
    const size_t workers = workers_for(threads, SIZE_MAX);
    while (columns_.size() < workers) {
        columns_.push_back(std::make_unique<BulkColumns>(state_));
        columns_.back()->load(sample_);
    }
    const size_t last = std::min(heads_.size(), next_ + workers * kTasksPerStep * kHeadsPerTask);
    parallel_for(workers, (last - next_ + kHeadsPerTask - 1) / kHeadsPerTask,
                 [&](size_t task, size_t worker) {
                     const size_t first = next_ + task * kHeadsPerTask;
                     const size_t count = std::min(kHeadsPerTask, last - first);
                     columns_[worker]->each_nearest_before(
                         std::span(heads_).subspan(first, count), kLinksPerHead,
                         [&](size_t i, const BulkColumns::Nearest& nearest) {
                             for (size_t n = 0; n < nearest.columns.size(); ++n)
                                 found_[first + i].push_back(neighbor_of(
                                     nearest.distances[n], sample_[nearest.columns[n]]));
                         });
                 });
    next_ = last;
    if (!is_done()) return;
    columns_.clear();
    for (size_t i = 0; i < heads_.size(); ++i)
        for (const Neighbor to : found_[i]) {
            links_.push_back({heads_[i], to});
            links_.push_back({row_of(to), neighbor_of(distance_of(to), heads_[i])});
        }
    std::sort(links_.begin(), links_.end());
}

size_t BulkHeads::copy_links(uint32_t row, size_t most, uint32_t* links) const {
    size_t count = 0;
    auto link = std::lower_bound(links_.begin(), links_.end(), Link{row, 0});
    for (; link != links_.end() && link->from == row && count < most; ++link)
        links[count++] = row_of(link->to);
    return count;
}

}  // namespace vecq
