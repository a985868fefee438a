// Tasks that fill new arrays from the rows of an index: refitting encodes them with a refitted
// codec, compaction drops vacant slots, partitioning groups rows into cells. Searches continue on
// the old arrays; other changes are refused. The last step exchanges the arrays while no search
// runs.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/task.hpp"
#include "rows/index_state.hpp"

namespace vecq {

// Called with IndexLocks::changes held.
struct RebuildHooks {
    std::function<void()> begin;     // may throw to refuse the task
    std::function<void()> finished;  // called after the exchange
};

// The index must outlive the task. A task that is destroyed early leaves the index unchanged.
class RebuildTask : public Task {
public:
    ~RebuildTask() override;
    RebuildTask(const RebuildTask&) = delete;
    RebuildTask& operator=(const RebuildTask&) = delete;
    Progress step() override;

protected:
    RebuildTask(IndexState& state, IndexLocks& locks, RebuildHooks hooks);

    // Fills new arrays with rows [first, first + count).
    virtual void rebuild(size_t first, size_t count) = 0;
    // Called while no search runs. If it throws, nothing has changed.
    virtual void exchange() = 0;

    IndexState& state_;

private:
    size_t begin() const;

    IndexLocks& locks_;
    RebuildHooks hooks_;

protected:
    const size_t rows_;

private:
    size_t done_ = 0;
};

// Refits the codec and encodes all rows again, from their rerank codes.
class RefitTask : public RebuildTask {
public:
    RefitTask(IndexState& state, IndexLocks& locks, RebuildHooks hooks);

private:
    void rebuild(size_t first, size_t count) override;
    void exchange() override;
    void fit();
    void derive_link_affines();
    float usual_norm() const;

    CodeStore codes_;
    LinkMetric link_;  // of the new codes
    Column link_affine_;
};

// Removes vacant slots, and links to them.
class CompactTask : public RebuildTask {
public:
    CompactTask(IndexState& state, IndexLocks& locks, RebuildHooks hooks);

private:
    void rebuild(size_t first, size_t count) override;
    void exchange() override;
    void place_nodes();
    void copy_lists(size_t layer, size_t first, size_t count);
    int64_t number_of(int64_t id);
    void widen_curve();

    // The new number of each node of each layer; kNone: dropped.
    std::vector<std::vector<uint32_t>> places_;
    std::vector<Graph::Stored> layers_;
    std::vector<uint32_t> entries_;
    CodeStore codes_;  // int8 codes of an earlier release become planes, see Codec::for_walks
    std::vector<Column> columns_;
    Array<int64_t> ids_;
    Array<uint32_t> order_, near_zero_;
    Names names_;  // of the rows, numbered by row
};

// Chooses centroids by k-means on a sample, then groups all rows by their nearest centroid.
class PartitionTask : public RebuildTask {
public:
    // `cells`: 0 for a number that suits the number of items.
    PartitionTask(IndexState& state, IndexLocks& locks, RebuildHooks hooks, size_t cells);
    ~PartitionTask() override;
    Progress step() override;

private:
    struct Worker;

    void rebuild(size_t first, size_t count) override;
    void exchange() override;
    std::vector<uint32_t> draw_sample(size_t count) const;
    void train();
    void move_centroids();
    CodeStore coded_centroids(Metric metric) const;
    void assign(std::span<const uint32_t> rows);
    void assign_some(Worker& worker, std::span<const uint32_t> rows, size_t first);
    std::unique_ptr<Cells> make_cells() const;

    const size_t count_;   // of cells
    const Metric metric_;  // by which rows are near a centroid
    std::vector<std::unique_ptr<Worker>> workers_;
    std::vector<uint32_t> sample_;
    size_t trained_ = 0;            // sampled rows assigned in all rounds
    std::vector<float> centroids_;  // one vector after the other
    std::optional<CodeStore> coded_;
    std::vector<double> sums_;       // of the sampled rows of each centroid in this round
    std::vector<uint32_t> sizes_;    // their numbers
    std::vector<float> vectors_;     // of the rows that were assigned last
    std::vector<uint32_t> found_;    // their centroids
    std::vector<uint32_t> nearest_;  // of all rows; kNone: vacant
    std::unique_ptr<Cells> cells_;
};

}  // namespace vecq
