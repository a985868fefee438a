// The stages of building a layer.
#include "build/bulk_layer.hpp"

#include <algorithm>
#include <iterator>

#include "base/pool.hpp"

namespace vecq {
namespace {

constexpr size_t kRowsPerTask = 64;
// Of rows, per thread and step.
constexpr size_t kBytesPerStep = 1 << 19;
// Of a row of codes that a prune will read.
constexpr size_t kPrefetchedBytes = 256;
constexpr size_t kPrefetchedRows = 3;
constexpr size_t kMaxTreeLinks = 8;

}  // namespace

BulkLayer::BulkLayer(IndexState& state, const BulkEqualRows& equal, size_t layer, size_t rows)
    : state_(state),
      equal_(equal),
      recipe_(bulk_recipe(state, layer)),
      layer_(layer),
      rows_(rows),
      originals_(equal.originals(rows)),
      scored_(state.rows.scored_for_links()),
      distance_(link_distance(state.rows.link())),
      reservoirs_(rows_, recipe_.capacity) {
    partition_.emplace(state, recipe_, originals_, state.options.seed * 64 + layer);
    if (recipe_.far > 0) far_.emplace(state, originals_, recipe_.sample, recipe_.far);
}

double BulkLayer::done() const {
    constexpr double leaves = 0.6;
    if (stage_ == Stage::leaves) return leaves * partition_->done();
    if (stage_ == Stage::heads) return leaves;
    const double part =
        static_cast<double>(next_) / static_cast<double>(std::max<size_t>(1, rows_));
    const double stages = static_cast<double>(stage_) - static_cast<double>(Stage::select);
    return std::min(1.0, leaves + (1 - leaves) / 4 * (stages + part));
}

void BulkLayer::prepare_workers(size_t count) {
    const size_t query_bytes =
        state_.kernels.row_query_bytes(state_.rows.codes().codec().row_bytes());
    while (workers_.size() < count)
        workers_.push_back(
            std::make_unique<Worker>(query_bytes, recipe_.max_links, reservoirs_.capacity()));
    if (far_) far_->prepare_workers(count);
}

void BulkLayer::step(size_t threads) {
    const size_t workers = workers_for(threads, SIZE_MAX);
    prepare_workers(workers);
    if (stage_ <= Stage::heads) {
        if (find_candidates(workers)) stage_ = static_cast<Stage>(static_cast<int>(stage_) + 1);
        return;
    }
    const size_t tasks_per_worker =
        std::max<size_t>(1, kBytesPerStep / scored_.rows.row_bytes / kRowsPerTask);
    const size_t last = std::min(rows_, next_ + workers * tasks_per_worker * kRowsPerTask);
    const size_t tasks = (last - next_ + kRowsPerTask - 1) / kRowsPerTask;
    parallel_for(workers, tasks, [&](size_t task, size_t number) {
        const size_t first = next_ + task * kRowsPerTask;
        const size_t end = std::min(last, first + kRowsPerTask);
        process(number, first, end);
    });
    next_ = last;
    if (next_ < rows_) return;
    next_ = 0;
    stage_ = static_cast<Stage>(static_cast<int>(stage_) + 1);
    if (stage_ == Stage::copies && !equal_.has_copies()) stage_ = Stage::done;
}

// Returns whether the stage is complete.
bool BulkLayer::find_candidates(size_t workers) {
    if (stage_ == Stage::leaves) {
        partition_->step(
            workers, [this](size_t worker, BulkColumns& columns, std::span<const uint32_t> rows) {
                visit_leaf(*workers_[worker], columns, rows);
            });
        if (!partition_->is_done()) return false;
        partition_.reset();
        heads_.emplace(state_, originals_, heads());
        return true;
    }
    heads_->step(workers);
    return heads_->is_done();
}

// Returns the rows whose candidates all come after them, but for the first one.
std::vector<uint32_t> BulkLayer::heads() const {
    std::vector<uint32_t> heads;
    for (const uint32_t row : originals_) {
        const std::span<const uint32_t> candidates = reservoirs_.rows_of(row);
        const auto is_before = [row](uint32_t other) { return other < row; };
        if (row > 0 && std::none_of(candidates.begin(), candidates.end(), is_before))
            heads.push_back(row);
    }
    return heads;
}

// Runs the stage for a few rows.
void BulkLayer::process(size_t number, size_t first, size_t end) {
    Worker& worker = *workers_[number];
    worker.rows.clear();
    for (auto row = static_cast<uint32_t>(first); row < end; ++row)
        if (equal_.is_copy(row) == (stage_ == Stage::copies)) worker.rows.push_back(row);
    if (stage_ == Stage::select && far_)
        return far_->each_row(number, worker.rows,
                              [&](uint32_t row, std::span<const Neighbor> neighbors) {
                                  select(worker, row, neighbors);
                              });
    for (const uint32_t row : worker.rows) {
        if (stage_ == Stage::select)
            select(worker, row, {});
        else if (stage_ == Stage::offer_back)
            offer_back(worker, row);
        else if (stage_ == Stage::write)
            write(worker, row);
        else
            copy_links(row);
    }
}

void BulkLayer::visit_leaf(Worker& worker, BulkColumns& columns, std::span<const uint32_t> rows) {
    if (rows.size() < 2) return;
    columns.load(rows);
    std::vector<uint32_t>&ends = worker.ends, &starts = worker.starts, &targets = worker.targets;
    ends.clear();
    targets.clear();
    worker.distances.clear();
    starts.assign(rows.size() + 2, 0);
    columns.each_nearest_of_columns(recipe_.nearest,
                                    [&](size_t, const BulkColumns::Nearest& nearest) {
                                        for (size_t i = 0; i < nearest.columns.size(); ++i) {
                                            targets.push_back(nearest.columns[i]);
                                            worker.distances.push_back(nearest.distances[i]);
                                            ++starts[nearest.columns[i] + 2];
                                        }
                                        ends.push_back(static_cast<uint32_t>(targets.size()));
                                    });
    // Sorts the pairs by their targets.
    for (size_t i = 2; i < starts.size(); ++i) starts[i] += starts[i - 1];
    worker.sorted.resize(2 * targets.size());
    for (size_t row = 0, pair = 0; row < rows.size(); ++row) {
        for (; pair < ends[row]; ++pair) {
            uint32_t& at = starts[targets[pair] + 1];
            worker.sorted[2 * at] = rows[row];
            worker.sorted[2 * at + 1] = static_cast<uint32_t>(pair);
            ++at;
        }
    }
    for (size_t i = 0, pair = 0; i < rows.size(); ++i) {
        if (i + kPrefetchedRows < rows.size()) reservoirs_.prefetch(rows[i + kPrefetchedRows]);
        worker.candidates.clear();
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

void BulkLayer::select(Worker& worker, uint32_t row, std::span<const Neighbor> far) {
    if (row + 1 < rows_) prefetch_codes(row + 1);
    std::span<const Neighbor> candidates = reservoirs_.candidates(row, worker.own.data());
    if (!far.empty()) {
        Neighbor others[kMaxNearest];
        Neighbor* const end =
            std::transform(far.begin(), far.end(), others, BulkReservoirs::rounded);
        std::sort(others, end);
        worker.candidates.clear();
        std::set_union(candidates.begin(), candidates.end(), others, end,
                       std::back_inserter(worker.candidates));
        candidates = worker.candidates;
    }
    const size_t count = prune(worker, row, candidates, recipe_.links, recipe_.filled);
    reservoirs_.fix(row, {worker.selected.data(), count});
}

// Prefetches the codes of the candidates of a row.
void BulkLayer::prefetch_codes(uint32_t row) const {
    const size_t bytes = std::min(kPrefetchedBytes, scored_.rows.row_bytes);
    for (const uint32_t candidate : reservoirs_.rows_of(row))
        for (size_t at = 0; at < bytes; at += kLine)
            __builtin_prefetch(scored_.rows.at(candidate) + at);
}

void BulkLayer::offer_back(Worker& worker, uint32_t row) {
    for (const Neighbor own : reservoirs_.fixed(row, worker.own.data())) {
        Neighbor back = neighbor_of(distance_of(own), row);
        reservoirs_.offer(row_of(own), {&back, 1});
    }
}

// Writes the list of a row: links to its copies, of heads and of the layer above, then those from
// and to it, pruned if there are too many.
void BulkLayer::write(Worker& worker, uint32_t row) {
    uint32_t fixed[kMaxDegree];
    size_t before = equal_.tree_links(row, rows_, recipe_.copies, fixed);
    before += heads_->copy_links(row, recipe_.heads, fixed + before);
    const std::span<const uint32_t> coarse = coarse_links(row);
    std::copy(coarse.begin(), coarse.end(), fixed + before);
    // Leaves places for near rows.
    const size_t most = recipe_.max_links - std::max<size_t>(1, recipe_.max_links / 4);
    before = append_new(row, {fixed, std::min(before + coarse.size(), most)}, 0);
    const size_t free = recipe_.max_links - before;
    std::span<const Neighbor> all = reservoirs_.candidates(row, worker.own.data());
    if (all.size() > free) {
        worker.candidates.assign(all.begin(), all.end());
        std::sort(worker.candidates.begin(), worker.candidates.end());
        const size_t kept = prune(worker, row, worker.candidates, free, free);
        all = {worker.selected.data(), kept};
    }
    for (const Neighbor neighbor : all) {
        const uint32_t link = row_of(neighbor);
        before = append_new(row, {&link, 1}, before);
    }
    clear_behind(row, before);
}

// Removes the links of a list behind the first `count` ones, which it had as a row of a smaller
// part of the graph.
void BulkLayer::clear_behind(uint32_t row, size_t count) const {
    const Layer& layer = state_.graph.layers()[layer_];
    for (; count < layer.degree && layer.list(row)[count] != kNone; ++count)
        layer.set(row, count, kNone);
}

// Appends links to the first `count` ones of a list, unless it holds them, and returns their
// number.
size_t BulkLayer::append_new(uint32_t row, std::span<const uint32_t> links, size_t count) const {
    const Layer& layer = state_.graph.layers()[layer_];
    const uint32_t* list = layer.list(row);
    for (const uint32_t link : links)
        if (count < recipe_.max_links && std::find(list, list + count, link) == list + count)
            layer.set(row, count++, link);
    return count;
}

// Returns links of the row in the layer above, or in the smaller part of a flat graph that was
// built before. The candidates of a row all lie near it; these links lead to other clusters, as
// those of the first rows do when walks link.
std::span<const uint32_t> BulkLayer::coarse_links(uint32_t row) const {
    const std::span<const Layer> layers = state_.graph.layers();
    const size_t above = state_.rows.link().is_flat() ? layer_ : layer_ + 1;
    if (above == layers.size() || row >= layers[above].count) return {};
    const std::span<const uint32_t> links = layers[above].links_of(row);
    return links.first(std::min(recipe_.coarse, links.size()));
}

// Writes the list of a copy: its links in the tree of its group, then the links of the original
// that lead out of the group.
void BulkLayer::copy_links(uint32_t row) const {
    const Layer& layer = state_.graph.layers()[layer_];
    uint32_t tree[kMaxTreeLinks];
    size_t count = equal_.tree_links(row, rows_, recipe_.copies, tree);
    for (size_t i = 0; i < count; ++i) layer.set(row, i, tree[i]);
    const uint32_t original = equal_.original_of(row);
    for (const uint32_t link : layer.links_of(original)) {
        if (count == recipe_.max_links) break;
        if (equal_.original_of(link) != original) layer.set(row, count++, link);
    }
    clear_behind(row, count);
}

}  // namespace vecq
