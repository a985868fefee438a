// The stages of building a layer.
#include "build/bulk_layer.hpp"

#include <algorithm>
#include <atomic>

#include "base/pool.hpp"

namespace vecq {
namespace {

constexpr size_t kRowsPerTask = 64;
// Of rows, per thread and step.
constexpr size_t kBytesPerStep = 1 << 19;
// Of a row of codes that a prune will read.
constexpr size_t kPrefetchedBytes = 256;
constexpr size_t kPrefetchedRows = 3;

}  // namespace

BulkLayer::BulkLayer(IndexState& state, size_t layer, size_t rows)
    : state_(state),
      recipe_(bulk_recipe(state, layer)),
      layer_(layer),
      rows_(rows),
      scored_(state.rows.scored_for_links()),
      distance_(link_distance(state.rows.link())),
      reservoirs_(rows_, recipe_.capacity),
      is_twin_(rows_) {
    partition_.emplace(state, recipe_, rows_, state.options.seed * 64 + layer);
}

double BulkLayer::done() const {
    constexpr double leaves = 0.6;
    if (stage_ == Stage::leaves) return leaves * partition_->done();
    const double part =
        static_cast<double>(next_) / static_cast<double>(std::max<size_t>(1, rows_));
    const double stages = static_cast<double>(stage_) - 1;
    return std::min(1.0, leaves + (1 - leaves) / 3 * (stages + part));
}

void BulkLayer::prepare_workers(size_t count) {
    const size_t query_bytes =
        state_.kernels.row_query_bytes(state_.rows.codes().codec().row_bytes());
    while (workers_.size() < count)
        workers_.push_back(std::make_unique<Worker>(query_bytes, recipe_.max_links));
}

void BulkLayer::step(size_t threads) {
    const size_t workers = workers_for(threads, SIZE_MAX);
    prepare_workers(workers);
    if (stage_ == Stage::leaves) {
        partition_->step(
            workers, [this](size_t worker, BulkColumns& columns, std::span<const uint32_t> rows) {
                visit_leaf(*workers_[worker], columns, rows);
            });
        if (!partition_->is_done()) return;
        partition_.reset();
        stage_ = Stage::select;
        return;
    }
    const size_t tasks_per_worker =
        std::max<size_t>(1, kBytesPerStep / scored_.rows.row_bytes / kRowsPerTask);
    const size_t last = std::min(rows_, next_ + workers * tasks_per_worker * kRowsPerTask);
    const size_t tasks = (last - next_ + kRowsPerTask - 1) / kRowsPerTask;
    parallel_for(workers, tasks, [&](size_t task, size_t number) {
        Worker& worker = *workers_[number];
        const size_t first = next_ + task * kRowsPerTask;
        const size_t end = std::min(last, first + kRowsPerTask);
        for (size_t i = first; i < end; ++i) {
            const auto row = static_cast<uint32_t>(i);
            if (stage_ == Stage::select)
                select(worker, row);
            else if (stage_ == Stage::offer_back)
                offer_back(row);
            else
                write(worker, row);
        }
    });
    next_ = last;
    if (next_ < rows_) return;
    next_ = 0;
    stage_ = static_cast<Stage>(static_cast<int>(stage_) + 1);
}

void BulkLayer::visit_leaf(Worker& worker, BulkColumns& columns, std::span<const uint32_t> rows) {
    if (rows.size() < 2) return;
    columns.load(rows);
    columns.hide_equal();
    std::vector<uint32_t>&ends = worker.ends, &starts = worker.starts, &targets = worker.targets;
    ends.clear();
    targets.clear();
    worker.distances.clear();
    starts.assign(rows.size() + 2, 0);
    // A row equal to one before it does not offer itself, except to that one.
    const auto offers_back = [&](size_t row) {
        return !recipe_.only_before && columns.twin_of(row) == BulkColumns::kNoTwin;
    };
    columns.each_nearest_of_columns(recipe_.nearest, recipe_.only_before,
                                    [&](size_t row, const BulkColumns::Nearest& nearest) {
                                        for (size_t i = 0; i < nearest.columns.size(); ++i) {
                                            targets.push_back(nearest.columns[i]);
                                            worker.distances.push_back(nearest.distances[i]);
                                            if (offers_back(row)) ++starts[nearest.columns[i] + 2];
                                        }
                                        ends.push_back(static_cast<uint32_t>(targets.size()));
                                    });
    // Sorts the pairs by their targets.
    for (size_t i = 2; i < starts.size(); ++i) starts[i] += starts[i - 1];
    worker.sorted.resize(2 * targets.size());
    for (size_t row = 0, pair = 0; row < rows.size(); ++row) {
        for (; offers_back(row) && pair < ends[row]; ++pair) {
            uint32_t& at = starts[targets[pair] + 1];
            worker.sorted[2 * at] = rows[row];
            worker.sorted[2 * at + 1] = static_cast<uint32_t>(pair);
            ++at;
        }
        pair = ends[row];
    }
    for (size_t i = 0, pair = 0; i < rows.size(); ++i) {
        if (i + kPrefetchedRows < rows.size()) reservoirs_.prefetch(rows[i + kPrefetchedRows]);
        worker.candidates.clear();
        if (const uint16_t twin = columns.twin_of(i); twin != BulkColumns::kNoTwin) {
            // A chain of equal rows: each links to one before it, and back.
            std::atomic_ref(is_twin_[rows[i]]).store(1, std::memory_order_relaxed);
            worker.candidates.push_back(neighbor_of(0, rows[twin]));
        }
        for (; pair < ends[i]; ++pair)
            worker.candidates.push_back(neighbor_of(worker.distances[pair], rows[targets[pair]]));
        for (uint32_t at = starts[i]; at < starts[i + 1]; ++at)
            worker.candidates.push_back(
                neighbor_of(worker.distances[worker.sorted[2 * at + 1]], worker.sorted[2 * at]));
        reservoirs_.offer(rows[i], worker.candidates);
    }
}

size_t BulkLayer::prune(Worker& worker, uint32_t row, std::span<const Neighbor> candidates,
                        size_t max_selected, size_t filled) {
    if (candidates.empty()) return 0;
    return state_.kernels.prune({scored_, distance_, row, candidates.data(), candidates.size(),
                                 max_selected, filled, recipe_.alpha},
                                worker.selected.data(), worker.query_codes.as<std::byte>());
}

void BulkLayer::select(Worker& worker, uint32_t row) {
    if (row + 1 < rows_) prefetch_codes(row + 1);
    const size_t count =
        prune(worker, row, reservoirs_.candidates(row), recipe_.links, recipe_.filled);
    reservoirs_.fix(row, {worker.selected.data(), count});
}

// Prefetches the codes of the candidates of a row.
void BulkLayer::prefetch_codes(uint32_t row) const {
    const size_t bytes = std::min(kPrefetchedBytes, scored_.rows.row_bytes);
    for (const Neighbor candidate : reservoirs_.candidates(row))
        for (size_t at = 0; at < bytes; at += kLine)
            __builtin_prefetch(scored_.rows.at(row_of(candidate)) + at);
}

void BulkLayer::offer_back(uint32_t row) {
    for (const Neighbor own : reservoirs_.fixed(row)) {
        // The first of equal rows offers itself; all of them would crowd out others.
        if (is_twin_[row] != 0 && distance_of(own) > 0) continue;
        const Neighbor back = neighbor_of(distance_of(own), row);
        reservoirs_.offer(row_of(own), {&back, 1});
    }
}

// Writes the list of a row: coarse links, then those from and to it, pruned if there are too many.
void BulkLayer::write(Worker& worker, uint32_t row) {
    const Layer& layer = state_.graph.layers()[layer_];
    const size_t coarse = copy_coarse_links(row), free = recipe_.max_links - coarse;
    std::span<const Neighbor> all = reservoirs_.candidates(row);
    if (all.size() > free) {
        worker.candidates.assign(all.begin(), all.end());
        std::sort(worker.candidates.begin(), worker.candidates.end());
        const size_t kept = prune(worker, row, worker.candidates, free, free);
        all = {worker.selected.data(), kept};
    }
    const uint32_t* list = layer.list(row);
    size_t count = coarse;
    for (const Neighbor neighbor : all)
        if (std::find(list, list + count, row_of(neighbor)) == list + count)
            layer.set(row, count++, row_of(neighbor));
}

// Copies links from the layer above and returns their number. The candidates of a row all lie near
// it; these links lead to other clusters, as those of the first rows do when walks link.
size_t BulkLayer::copy_coarse_links(uint32_t row) const {
    const std::span<const Layer> layers = state_.graph.layers();
    if (layer_ + 1 == layers.size() || row >= layers[layer_ + 1].count) return 0;
    const std::span<const uint32_t> links = layers[layer_ + 1].links_of(row);
    const size_t count = std::min(recipe_.coarse, links.size());
    for (size_t i = 0; i < count; ++i) layers[layer_].set(row, i, links[i]);
    return count;
}

}  // namespace vecq
