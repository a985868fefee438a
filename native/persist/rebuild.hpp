// Puts an index's rows into new arrays while searches go on with the old ones: codes that are
// fitted again, or rows without vacant slots between them. No other change runs meanwhile. At the
// end the arrays are exchanged while no search runs.
#pragma once

#include <functional>
#include <vector>

#include "base/task.hpp"
#include "rows/index_state.hpp"

namespace vecq {

// Called with IndexLocks::changes held.
struct RebuildHooks {
    std::function<void()> begin;     // may refuse
    std::function<void()> finished;  // after the exchange
};

// The index must outlive its task. If the task does not come to its end, the index stays as it is.
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
    // While no search runs. If it fails, nothing has changed.
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

// Fits the codec again and codes all rows again, from their rerank codes.
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

// Closes vacant slots and drops links that lead nowhere.
class CompactTask : public RebuildTask {
public:
    CompactTask(IndexState& state, IndexLocks& locks, RebuildHooks hooks);

private:
    void rebuild(size_t first, size_t count) override;
    void exchange() override;
    void place_nodes();
    void copy_lists(size_t layer, size_t first, size_t count);

    // The new number of each node of each layer; kNone: it is dropped.
    std::vector<std::vector<uint32_t>> places_;
    std::vector<Graph::Stored> layers_;
    std::vector<uint32_t> entries_;
    std::vector<Column> columns_;
    Array<int64_t> ids_;
    Array<uint32_t> order_, near_zero_;
};

}  // namespace vecq
