// The order of the stages of building a layer, and what each does per row.
#include "build/bulk_layer.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>

#include "base/pool.hpp"

namespace vecq {
namespace {

constexpr size_t kRowsPerTask = 64;
// Of rows, per thread and step.
constexpr size_t kBytesPerStep = 1 << 19;
// Of a row of codes that will be read.
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
      slab_rows_(bulk_slab_rows(state, recipe_, rows)),
      offers_both_ways_(slab_rows_ == rows || state.rows.link().is_flat()),
      originals_(equal.originals(rows)),
      scored_(state.rows.scored_for_links()),
      distance_(link_distance(state.rows.link())),
      first_near_(rows) {
    partition_.emplace(state, recipe_, originals_, state.options.seed * 64 + layer);
    if (recipe_.far > 0) far_.emplace(state, originals_, recipe_.sample, recipe_.far);
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

void BulkLayer::prepare_workers(size_t count) {
    const size_t query_bytes =
        state_.kernels.row_query_bytes(state_.rows.codes().codec().row_bytes());
    while (workers_.size() < count)
        workers_.push_back(std::make_unique<Worker>(state_, query_bytes, recipe_.max_links,
                                                    reservoirs_->capacity()));
    if (far_) far_->prepare_workers(count);
}

void BulkLayer::step(size_t threads) {
    const size_t workers = workers_for(threads, SIZE_MAX);
    if (stage_ == Stage::split) {
        partition_->step(threads);
        if (partition_->is_done()) end_stage();
    } else if (stage_ == Stage::leaves) {
        find_candidates(workers);
    } else if (stage_ == Stage::heads) {
        heads_->step(threads);
        if (heads_->is_done()) end_stage();
    } else {
        const bool is_of_slab = stage_ == Stage::select || stage_ == Stage::write;
        process_rows(workers, is_of_slab ? slab_end_ : rows_);
    }
}

void BulkLayer::end_stage() {
    switch (stage_) {
        case Stage::split:
            leaves_ = partition_->take_leaves();
            partition_.reset();
            reservoirs_.emplace(slab_rows_, recipe_.capacity);
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
    reservoirs_->begin_slab(first);
}

// Goes on with stage `same` of the next slab, or with stage `next` behind the last one.
void BulkLayer::end_slab(Stage same, Stage next) {
    if (slab_end_ < rows_) {
        begin_slab(slab_end_);
        stage_ = same;
        return;
    }
    next_ = 0;
    stage_ = next;
    if (stage_ != Stage::heads) return;
    leaves_ = {};
    heads_.emplace(state_, originals_, std::move(head_rows_));
}

// Visits some leaves.
void BulkLayer::find_candidates(size_t workers) {
    prepare_workers(workers);
    const size_t first = next_;
    const size_t most = workers * std::max<size_t>(1, 2 * kBytesPerStep / scored_.rows.row_bytes);
    for (size_t rows = 0; next_ < leaves_.size() && rows < most; ++next_)
        rows += leaves_[next_].size();
    parallel_for(workers, next_ - first, [&](size_t task, size_t worker) {
        visit_leaf(*workers_[worker], leaves_[first + task]);
    });
    if (next_ == leaves_.size()) end_stage();
}

// Runs the stage for some rows before `end`.
void BulkLayer::process_rows(size_t workers, size_t end) {
    const size_t tasks_per_worker =
        std::max<size_t>(1, kBytesPerStep / scored_.rows.row_bytes / kRowsPerTask);
    const size_t last = std::min(end, next_ + workers * tasks_per_worker * kRowsPerTask);
    const size_t tasks = (last - next_ + kRowsPerTask - 1) / kRowsPerTask;
    prepare_workers(workers);
    parallel_for(workers, tasks, [&](size_t task, size_t number) {
        const size_t first = next_ + task * kRowsPerTask;
        process(*workers_[number], number, first, std::min(last, first + kRowsPerTask));
    });
    next_ = last;
    if (next_ == end) end_stage();
}

void BulkLayer::process(Worker& worker, size_t number, size_t first, size_t end) {
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
        else if (stage_ == Stage::offer)
            offer(worker, row);
        else if (stage_ == Stage::write)
            write(worker, row);
        else
            copy_links(row);
    }
}

// Offers to the rows of the slab in a leaf their nearest rows of the leaf, and perhaps the rows to
// which they are nearest.
void BulkLayer::visit_leaf(Worker& worker, std::span<const uint32_t> leaf) {
    const auto place_of = [&](size_t row) {
        return static_cast<size_t>(std::lower_bound(leaf.begin(), leaf.end(), row) - leaf.begin());
    };
    const size_t first = place_of(slab_first_), end = place_of(slab_end_);
    if (first == end) return;
    worker.columns.load(leaf);
    worker.offers.clear();
    const auto visit = [&](size_t i, const BulkColumns::Nearest& nearest) {
        const bool is_in_slab = i >= first && i < end;
        for (size_t n = 0; n < nearest.columns.size(); ++n) {
            const uint16_t other = nearest.columns[n];
            if (is_in_slab)
                worker.offers.push_back(
                    {static_cast<uint16_t>(i), neighbor_of(nearest.distances[n], leaf[other])});
            if (offers_both_ways_ && other >= first && other < end)
                worker.offers.push_back({other, neighbor_of(nearest.distances[n], leaf[i])});
        }
    };
    if (offers_both_ways_)
        worker.columns.each_nearest_of_columns(0, leaf.size(), recipe_.nearest, visit);
    else
        worker.columns.each_nearest_of_columns(first, end, recipe_.nearest, visit);
    worker.sort_offers(leaf.size());
    for (size_t i = first; i < end; ++i) {
        if (i + kPrefetchedRows < end) reservoirs_->prefetch(leaf[i + kPrefetchedRows]);
        const size_t begin = worker.starts[i];
        reservoirs_->offer(
            leaf[i], std::span(worker.candidates).subspan(begin, worker.starts[i + 1] - begin));
    }
}

// Sorts the neighbors of the offers by their targets into candidates; those of column i begin at
// starts[i].
void BulkLayer::Worker::sort_offers(size_t columns_count) {
    starts.assign(columns_count + 2, 0);
    for (const Offer& offer : offers) ++starts[offer.target + 2];
    std::partial_sum(starts.begin(), starts.end(), starts.begin());
    candidates.resize(offers.size());
    for (const Offer& offer : offers) candidates[starts[offer.target + 1]++] = offer.neighbor;
}

// Adds the rows of the slab whose candidates all come after them, but for the first one.
void BulkLayer::add_heads() {
    const auto first = std::lower_bound(originals_.begin(), originals_.end(), slab_first_);
    const auto end = std::lower_bound(first, originals_.end(), slab_end_);
    std::copy_if(first, end, std::back_inserter(head_rows_), [&](uint32_t row) {
        const std::span<const uint32_t> candidates = reservoirs_->rows_of(row);
        const auto is_before = [row](uint32_t other) { return other < row; };
        return row > 0 && std::none_of(candidates.begin(), candidates.end(), is_before);
    });
}

size_t BulkLayer::prune(Worker& worker, uint32_t row, std::span<const Neighbor> candidates,
                        size_t max_selected, size_t filled) {
    if (candidates.empty()) return 0;
    return state_.kernels.prune({scored_, distance_, row, candidates.data(), candidates.size(),
                                 max_selected, filled, recipe_.alpha},
                                worker.selected.data(), worker.query_codes.as<std::byte>());
}

// Writes the links that a row chooses itself. In a flat graph they stand behind the coarse ones,
// which the list holds already.
void BulkLayer::select(Worker& worker, uint32_t row, std::span<const Neighbor> far) {
    if (row + 1 < slab_end_) prefetch_codes(reservoirs_->rows_of(row + 1));
    std::span<const Neighbor> candidates = reservoirs_->candidates(row, worker.own.data());
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
    const Layer& layer = state_.graph.layers()[layer_];
    size_t place = state_.rows.link().is_flat() ? coarse_links(row).size() : 0;
    first_near_[row] = static_cast<uint16_t>(place);
    for (size_t i = 0; i < count && place < recipe_.max_links; ++i)
        layer.set(row, place++, row_of(worker.selected[i]));
    clear_behind(row, place);
}

void BulkLayer::prefetch_codes(std::span<const uint32_t> rows) const {
    const size_t bytes = std::min(kPrefetchedBytes, scored_.rows.row_bytes);
    for (const uint32_t row : rows)
        for (size_t at = 0; at < bytes; at += kLine) __builtin_prefetch(scored_.rows.at(row) + at);
}

std::span<const uint32_t> BulkLayer::near_links(uint32_t row) const {
    return state_.graph.layers()[layer_].links_of(row).subspan(first_near_[row]);
}

// Makes candidates of worker.others, with their distances from a row.
std::span<const Neighbor> BulkLayer::neighbors_of(Worker& worker, uint32_t row) const {
    const std::vector<uint32_t>& others = worker.others;
    worker.distances.resize(others.size());
    state_.kernels.distances(
        {scored_, distance_, row, others.data(), others.size(), worker.distances.data()},
        worker.query_codes.as<std::byte>());
    worker.candidates.clear();
    for (size_t i = 0; i < others.size(); ++i)
        worker.candidates.push_back(
            BulkReservoirs::rounded(neighbor_of(worker.distances[i], others[i])));
    return worker.candidates;
}

// Offers a row to those of its neighbors that lie in the slab.
void BulkLayer::offer(Worker& worker, uint32_t row) {
    worker.others.clear();
    for (const uint32_t link : near_links(row))
        if (link >= slab_first_ && link < slab_end_) worker.others.push_back(link);
    if (worker.others.empty()) return;
    prefetch_codes(worker.others);
    for (const Neighbor neighbor : neighbors_of(worker, row)) {
        Neighbor back = neighbor_of(distance_of(neighbor), row);
        reservoirs_->offer(row_of(neighbor), {&back, 1});
    }
}

// Writes the list of a row: links to its copies, of heads and of the layer above, then those from
// and to it, pruned if there are too many.
void BulkLayer::write(Worker& worker, uint32_t row) {
    if (row + 1 < slab_end_) prefetch_codes(reservoirs_->rows_of(row + 1));
    merge_candidates(worker, row);
    uint32_t fixed[kMaxDegree];
    size_t before = equal_.tree_links(row, rows_, recipe_.copies, fixed);
    before += heads_->copy_links(row, recipe_.heads, fixed + before);
    const std::span<const uint32_t> coarse = coarse_links(row);
    std::copy(coarse.begin(), coarse.end(), fixed + before);
    // Leaves places for near rows.
    const size_t most = recipe_.max_links - std::max<size_t>(1, recipe_.max_links / 4);
    before = append_new(row, {fixed, std::min(before + coarse.size(), most)}, 0);
    first_near_[row] = static_cast<uint16_t>(before);
    const size_t free = recipe_.max_links - before;
    std::span<const Neighbor> all = worker.candidates;
    if (all.size() > free) {
        const size_t kept = prune(worker, row, all, free, free);
        all = {worker.selected.data(), kept};
    }
    for (const Neighbor neighbor : all) {
        const uint32_t link = row_of(neighbor);
        before = append_new(row, {&link, 1}, before);
    }
    clear_behind(row, before);
}

// Makes the candidates of a row from its links and from the offers of others, nearest first.
void BulkLayer::merge_candidates(Worker& worker, uint32_t row) {
    const std::span<const uint32_t> links = near_links(row);
    worker.others.assign(links.begin(), links.end());
    neighbors_of(worker, row);
    for (const Neighbor offered : reservoirs_->candidates(row, worker.own.data()))
        if (std::find(links.begin(), links.end(), row_of(offered)) == links.end())
            worker.candidates.push_back(offered);
    std::sort(worker.candidates.begin(), worker.candidates.end());
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
    const bool is_flat = state_.rows.link().is_flat();
    const size_t above = is_flat ? layer_ : layer_ + 1;
    if (above == layers.size() || row >= layers[above].count) return {};
    const std::span<const uint32_t> links = layers[above].links_of(row);
    // From `select` on the list of a flat graph holds more than the coarse links.
    const size_t most = is_flat && stage_ == Stage::write ? first_near_[row] : recipe_.coarse;
    return links.first(std::min(most, links.size()));
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
