// The order of the stages of building a layer.
#include "build/bulk_layer.hpp"

#include <algorithm>

#include "base/pool.hpp"

namespace vecq {
namespace {

constexpr size_t kRowsPerTask = 64;
// Of rows, per thread and step.
constexpr size_t kBytesPerStep = 1 << 19;

}  // namespace

BulkLayer::BulkLayer(IndexState& state, const BulkEqualRows& equal, size_t layer, size_t rows)
    : state_(state),
      equal_(equal),
      recipe_(bulk_recipe(state, layer, rows)),
      layer_(layer),
      rows_(rows),
      slab_rows_(bulk_slab_rows(state, recipe_, rows)),
      originals_(equal.originals(rows)) {
    partition_.emplace(state, recipe_, originals_, state.options.seed * 64 + layer);
}

double BulkLayer::done() const {
    constexpr double kSplit = 0.2, kLeaves = 0.5, kWrite = 0.25;
    const auto part = [](size_t some, size_t all) {
        return static_cast<double>(some) / static_cast<double>(std::max<size_t>(1, all));
    };
    const double slab = part(slab_end_ - slab_first_, rows_);
    double done = kSplit + kLeaves * part(slab_first_, rows_);
    switch (stage_) {
        case Stage::split: return kSplit * partition_->done();
        case Stage::leaves: return done + kLeaves * slab * 0.8 * part(next_, leaves_.size());
        case Stage::select:
            return done + kLeaves * (0.8 * slab + 0.2 * part(next_ - slab_first_, rows_));
        case Stage::heads: return kSplit + kLeaves;
        case Stage::offer: done = 0.3 * slab * part(next_, rows_); break;
        case Stage::write: done = 0.3 * slab + 0.7 * part(next_ - slab_first_, rows_); break;
        case Stage::copies: return kSplit + kLeaves + kWrite;
        case Stage::done: return 1;
    }
    return kSplit + kLeaves + kWrite * (part(slab_first_, rows_) + done);
}

void BulkLayer::step(size_t threads) {
    const size_t workers = workers_for(threads, SIZE_MAX);
    if (linker_) linker_->prepare_workers(workers);
    switch (stage_) {
        case Stage::split:
            partition_->step(threads);
            if (partition_->is_done()) end_stage();
            break;
        case Stage::leaves: visit_leaves(workers); break;
        case Stage::select: process_rows(workers, slab_end_, &BulkLinker::select); break;
        case Stage::heads:
            heads_->step(threads);
            if (heads_->is_done()) end_stage();
            break;
        case Stage::offer: process_rows(workers, rows_, &BulkLinker::offer); break;
        case Stage::write: process_rows(workers, slab_end_, &BulkLinker::write); break;
        case Stage::copies: process_rows(workers, rows_, &BulkLinker::copy); break;
        case Stage::done: break;
    }
}

void BulkLayer::end_stage() {
    switch (stage_) {
        case Stage::split:
            linker_.emplace(state_, equal_, recipe_, layer_, rows_, slab_rows_, originals_);
            leaves_ = partition_->take_leaves();
            partition_.reset();
            begin_slab(0);
            stage_ = Stage::leaves;
            break;
        case Stage::leaves:
            add_heads();
            next_ = slab_first_;
            stage_ = Stage::select;
            break;
        case Stage::select: end_slab(Stage::leaves, Stage::heads); break;
        case Stage::heads:
            linker_->set_heads(*heads_);
            begin_slab(0);
            stage_ = Stage::offer;
            break;
        case Stage::offer:
            next_ = slab_first_;
            stage_ = Stage::write;
            break;
        case Stage::write: end_slab(Stage::offer, Stage::copies); break;
        case Stage::copies:
        case Stage::done: stage_ = Stage::done;
    }
    if (stage_ == Stage::copies && !equal_.has_copies()) stage_ = Stage::done;
}

void BulkLayer::begin_slab(size_t first) {
    slab_first_ = first;
    slab_end_ = std::min(rows_, first + slab_rows_);
    next_ = 0;
    linker_->begin_slab(slab_first_, slab_end_);
}

// Begins the next slab with stage `first`; after the last slab, begins stage `next`.
void BulkLayer::end_slab(Stage first, Stage next) {
    if (slab_end_ < rows_) {
        begin_slab(slab_end_);
        stage_ = first;
        return;
    }
    if (next == Stage::heads) {
        leaves_ = {};
        heads_.emplace(state_, originals_, head_rows_);
        head_rows_ = {};
    }
    next_ = 0;
    stage_ = next;
}

void BulkLayer::visit_leaves(size_t workers) {
    const size_t first = next_;
    const size_t row_bytes = state_.rows.scored_for_links().rows.row_bytes;
    const size_t most = workers * std::max<size_t>(1, 2 * kBytesPerStep / row_bytes);
    for (size_t rows = 0; next_ < leaves_.size() && rows < most; ++next_)
        rows += leaves_[next_].size();
    parallel_for(workers, next_ - first, [&](size_t task, size_t worker) {
        linker_->visit_leaf(worker, leaves_[first + task]);
    });
    if (next_ == leaves_.size()) end_stage();
}

void BulkLayer::add_heads() {
    const auto first = std::lower_bound(originals_.begin(), originals_.end(), slab_first_);
    const auto end = std::lower_bound(first, originals_.end(), slab_end_);
    const std::vector<uint32_t> heads = linker_->heads_among({first, end});
    head_rows_.insert(head_rows_.end(), heads.begin(), heads.end());
}

// Runs a stage for some rows before `end`.
void BulkLayer::process_rows(size_t workers, size_t end, BulkLinker::Stage stage) {
    const size_t row_bytes = state_.rows.scored_for_links().rows.row_bytes;
    const size_t tasks_per_worker = std::max<size_t>(1, kBytesPerStep / row_bytes / kRowsPerTask);
    const size_t last = std::min(end, next_ + workers * tasks_per_worker * kRowsPerTask);
    rows_of_task_.resize(std::max(workers, rows_of_task_.size()));
    parallel_for(workers, (last - next_ + kRowsPerTask - 1) / kRowsPerTask,
                 [&](size_t task, size_t worker) {
                     std::vector<uint32_t>& rows = rows_of_task_[worker];
                     rows.clear();
                     const size_t first = next_ + task * kRowsPerTask;
                     const size_t behind = std::min(last, first + kRowsPerTask);
                     for (auto row = static_cast<uint32_t>(first); row < behind; ++row)
                         if (equal_.is_copy(row) == (stage_ == Stage::copies)) rows.push_back(row);
                     ((*linker_).*stage)(worker, rows);
                 });
    next_ = last;
    if (next_ == end) end_stage();
}

}  // namespace vecq
