// Partitioning: k-means on a sample of the items, then the nearest centroid of every row.
//
// Rows are decoded from their codes, and centroids are coded like rows, so that both steps use the
// scans that answer queries. Under ip, rows are near by their distance: a centroid of large norm
// would attract all rows by its inner products.
#include <algorithm>
#include <cmath>
#include <utility>

#include "base/pool.hpp"
#include "base/status.hpp"
#include "persist/rebuild.hpp"
#include "quant/query.hpp"
#include "quant/rows.hpp"
#include "rows/scanner.hpp"

namespace vecq {
namespace {

// Cells per square root of the items, sampled rows per cell, and rounds of k-means.
constexpr double kCellsPerRoot = 2;
constexpr size_t kSampledPerCell = 64, kRounds = 3;
constexpr size_t kRowsPerStep = size_t{1} << 14, kRowsPerTask = 256;
constexpr int kQueryBits = 8;

size_t checked_count(const IndexState& state, size_t cells) {
    const size_t items = state.rows.slots().count();
    if (items == 0) refuse("index", "index has no items to partition");
    if (cells > items)
        refuse("cells", "cells is " + std::to_string(cells) + ", expected at most the " +
                            std::to_string(items) + " items of the index");
    if (cells > 0) return cells;
    const double usual = kCellsPerRoot * std::sqrt(static_cast<double>(items));
    return std::clamp(static_cast<size_t>(usual), size_t{1}, items);
}

}  // namespace

// The scratch memory of a thread.
struct PartitionTask::Worker {
    Worker(const IndexState& state, Metric metric)
        : rows(state.rows.codes().codec()),
          queries(state.rows.codes().codec(), metric, kQueryBits),
          codes(kRowsPerTask * queries.bytes()),
          scanner(state.kernels) {}

    RowCoder rows;
    QueryCoder queries;
    Memory codes;
    std::vector<EncodedQuery> encoded;
    Scanner scanner;
};

PartitionTask::PartitionTask(IndexState& state, IndexLocks& locks, RebuildHooks hooks, size_t cells)
    : RebuildTask(state, locks, std::move(hooks)),
      count_(checked_count(state, cells)),
      metric_(state.options.metric == Metric::cosine ? Metric::cosine : Metric::l2),
      sample_(draw_sample(count_ * kSampledPerCell)),
      nearest_(rows_, kNone) {
    const size_t workers = workers_for(0, SIZE_MAX);
    for (size_t i = 0; i < workers; ++i)
        workers_.push_back(std::make_unique<Worker>(state, metric_));
    RowCoder coder(state.rows.codes().codec());
    centroids_.resize(count_ * state.dim);
    for (size_t i = 0; i < count_; ++i) {
        const uint32_t row = sample_[i * sample_.size() / count_];
        coder.decode(state.rows.codes().codes_of(row), state.rows.codes()[row],
                     &centroids_[i * state.dim]);
    }
    move_centroids();
}

PartitionTask::~PartitionTask() = default;

Progress PartitionTask::step() {
    const size_t training = kRounds * sample_.size();
    if (trained_ < training) {
        train();
        return {trained_, training + rows_ + 1};
    }
    const Progress assigned = RebuildTask::step();
    return {training + assigned.done, training + assigned.total};
}

// Returns about `count` items, evenly spaced.
std::vector<uint32_t> PartitionTask::draw_sample(size_t count) const {
    const Slots& slots = state_.rows.slots();
    const size_t every = std::max<size_t>(1, slots.count() / count);
    std::vector<uint32_t> sample;
    size_t seen = 0;
    for (uint32_t row = 0; row < rows_; ++row)
        if (slots.is_visible(row) && seen++ % every == 0) sample.push_back(row);
    return sample;
}

// Assigns the next sampled rows; at the end of a round, moves the centroids to their means.
void PartitionTask::train() {
    const size_t dim = state_.dim, first = trained_ % sample_.size();
    const size_t count = std::min(kRowsPerStep, sample_.size() - first);
    assign(std::span(sample_).subspan(first, count));
    for (size_t i = 0; i < count; ++i) {
        ++sizes_[found_[i]];
        double* const sum = &sums_[found_[i] * dim];
        for (size_t j = 0; j < dim; ++j) sum[j] += vectors_[i * dim + j];
    }
    trained_ += count;
    if (trained_ % sample_.size() == 0) move_centroids();
}

// Centroids without rows stay.
void PartitionTask::move_centroids() {
    const size_t dim = state_.dim;
    for (size_t i = 0; i < sizes_.size(); ++i)
        for (size_t j = i * dim; sizes_[i] > 0 && j < (i + 1) * dim; ++j)
            centroids_[j] = static_cast<float>(sums_[j] / sizes_[i]);
    coded_.emplace(coded_centroids(metric_));
    sums_.assign(count_ * dim, 0);
    sizes_.assign(count_, 0);
}

CodeStore PartitionTask::coded_centroids(Metric metric) const {
    CodeStore coded(state_.rows.codes().codec(), metric, kCentroids);
    coded.append(centroids_.data(), count_, 0, 0);
    return coded;
}

// Sets `vectors_` and `found_` for at most kRowsPerStep rows.
void PartitionTask::assign(std::span<const uint32_t> rows) {
    vectors_.resize(rows.size() * state_.dim);
    found_.resize(rows.size());
    const size_t tasks = (rows.size() + kRowsPerTask - 1) / kRowsPerTask;
    parallel_for(workers_.size(), tasks, [&](size_t task, size_t worker) {
        const size_t first = task * kRowsPerTask;
        const size_t count = std::min(kRowsPerTask, rows.size() - first);
        assign_some(*workers_[worker], rows.subspan(first, count), first);
    });
}

void PartitionTask::assign_some(Worker& worker, std::span<const uint32_t> rows, size_t first) {
    const CodeStore& codes = state_.rows.codes();
    worker.encoded.resize(rows.size());
    for (size_t i = 0; i < rows.size(); ++i) {
        float* const vector = &vectors_[(first + i) * state_.dim];
        worker.rows.decode(codes.codes_of(rows[i]), codes[rows[i]], vector);
        worker.encoded[i] = worker.queries.encode(
            vector, rows[i], worker.codes.as<std::byte>() + i * worker.queries.bytes());
    }
    worker.scanner.begin(worker.encoded, state_.dim, 1, nullptr);
    worker.scanner.scan(coded_->scored(count_), {{}, 0, count_});
    for (size_t i = 0; i < rows.size(); ++i)
        found_[first + i] = node_of(worker.scanner.finish(i).front());
}

void PartitionTask::rebuild(size_t first, size_t count) {
    std::vector<uint32_t> items;
    for (size_t row = first; row < first + count; ++row)
        if (state_.rows.slots().is_visible(static_cast<uint32_t>(row)))
            items.push_back(static_cast<uint32_t>(row));
    assign(items);
    for (size_t i = 0; i < items.size(); ++i) nearest_[items[i]] = found_[i];
    if (first + count == rows_) cells_ = make_cells();
}

std::unique_ptr<Cells> PartitionTask::make_cells() const {
    Array<uint32_t> ends, rows;
    ends.resize(count_);
    for (const uint32_t cell : nearest_)
        if (cell != kNone) ++ends[cell];
    for (size_t i = 1; i < count_; ++i) ends[i] += ends[i - 1];
    rows.resize(ends[count_ - 1]);
    for (size_t row = rows_; row-- > 0;)
        if (const uint32_t cell = nearest_[row]; cell != kNone)
            rows[--ends[cell]] = static_cast<uint32_t>(row);
    // Each end has moved to the beginning of its cell.
    for (size_t i = 0; i + 1 < count_; ++i) ends[i] = ends[i + 1];
    ends[count_ - 1] = static_cast<uint32_t>(rows.size());
    return std::make_unique<Cells>(coded_centroids(state_.options.metric), rows_, std::move(rows),
                                   std::move(ends), std::span<const uint32_t>());
}

void PartitionTask::exchange() {
    state_.cells = std::move(cells_);
    state_.curve.probes.clear();
}

}  // namespace vecq
