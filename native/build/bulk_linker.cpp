// The work per row, and the order in which lists hold their links.
#include "build/bulk_linker.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>

namespace vecq {
namespace {

// Of a row of codes that will be read.
constexpr size_t kPrefetchedBytes = 256;
constexpr size_t kPrefetchedRows = 3;
constexpr size_t kMaxTreeLinks = 8;

}  // namespace

BulkLinker::BulkLinker(IndexState& state, const BulkEqualRows& equal, const BulkRecipe& recipe,
                       size_t layer, size_t rows, size_t slab_rows,
                       std::span<const uint32_t> originals)
    : state_(state),
      equal_(equal),
      recipe_(recipe),
      layer_(layer),
      rows_(rows),
      is_flat_(state.rows.link().is_flat()),
      offers_both_ways_(slab_rows == rows && recipe.is_mutual),
      scored_(state.rows.scored_for_links()),
      distance_(link_distance(state.rows.link())),
      reservoirs_(slab_rows, recipe.capacity),
      first_near_(rows) {
    if (recipe.far > 0) far_.emplace(state, originals, recipe.sample, recipe.far);
}

void BulkLinker::prepare_workers(size_t count) {
    const size_t query_bytes =
        state_.kernels.row_query_bytes(state_.rows.codes().codec().row_bytes());
    while (workers_.size() < count)
        workers_.push_back(std::make_unique<Worker>(state_, query_bytes, recipe_.max_links,
                                                    reservoirs_.capacity()));
    if (far_) far_->prepare_workers(count);
}

void BulkLinker::begin_slab(size_t first, size_t end) {
    slab_first_ = first;
    slab_end_ = end;
    reservoirs_.begin_slab(first);
}

void BulkLinker::visit_leaf(size_t number, std::span<const uint32_t> leaf) {
    Worker& worker = *workers_[number];
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
        if (i + kPrefetchedRows < end) reservoirs_.prefetch(leaf[i + kPrefetchedRows]);
        const size_t begin = worker.starts[i];
        reservoirs_.offer(
            leaf[i], std::span(worker.candidates).subspan(begin, worker.starts[i + 1] - begin));
    }
}

// Sorts the neighbors of the offers by their targets into candidates; those of column i begin at
// starts[i].
void BulkLinker::Worker::sort_offers(size_t columns_count) {
    starts.assign(columns_count + 2, 0);
    for (const Offer& offer : offers) ++starts[offer.target + 2];
    std::partial_sum(starts.begin(), starts.end(), starts.begin());
    candidates.resize(offers.size());
    for (const Offer& offer : offers) candidates[starts[offer.target + 1]++] = offer.neighbor;
}

std::vector<uint32_t> BulkLinker::heads_among(std::span<const uint32_t> rows) const {
    std::vector<uint32_t> heads;
    std::copy_if(rows.begin(), rows.end(), std::back_inserter(heads), [&](uint32_t row) {
        const std::span<const uint32_t> candidates = reservoirs_.rows_of(row);
        const auto is_before = [row](uint32_t other) { return other < row; };
        return row > 0 && std::none_of(candidates.begin(), candidates.end(), is_before);
    });
    return heads;
}

void BulkLinker::select(size_t worker, std::span<const uint32_t> rows) {
    if (!far_) {
        for (const uint32_t row : rows) select_one(*workers_[worker], row, {});
        return;
    }
    far_->each_row(worker, rows, [&](uint32_t row, std::span<const Neighbor> far) {
        select_one(*workers_[worker], row, far);
    });
}

void BulkLinker::offer(size_t worker, std::span<const uint32_t> rows) {
    for (size_t i = 0; i < rows.size(); ++i) {
        if (i + 1 < rows.size()) prefetch_targets(rows[i + 1]);
        offer_one(*workers_[worker], rows[i]);
    }
}

void BulkLinker::write(size_t worker, std::span<const uint32_t> rows) {
    for (const uint32_t row : rows) write_one(*workers_[worker], row);
}

void BulkLinker::copy(size_t, std::span<const uint32_t> rows) {
    for (const uint32_t row : rows) copy_one(row);
}

void BulkLinker::select_one(Worker& worker, uint32_t row, std::span<const Neighbor> far) {
    if (row + 1 < slab_end_) prefetch_codes(reservoirs_.rows_of(row + 1));
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
    size_t place = is_flat_ ? coarse_links(row, recipe_.coarse).size() : 0;
    first_near_[row] = static_cast<uint16_t>(place);
    for (size_t i = 0; i < count && place < recipe_.max_links; ++i)
        layer().set(row, place++, row_of(worker.selected[i]));
    clear_behind(row, place);
}

size_t BulkLinker::prune(Worker& worker, uint32_t row, std::span<const Neighbor> candidates,
                         size_t max_selected, size_t filled) const {
    if (candidates.empty()) return 0;
    return state_.kernels.prune({scored_, distance_, row, candidates.data(), candidates.size(),
                                 max_selected, filled, recipe_.alpha},
                                worker.selected.data(), worker.query_codes.as<std::byte>());
}

void BulkLinker::prefetch_codes(std::span<const uint32_t> rows) const {
    const size_t bytes = std::min(kPrefetchedBytes, scored_.rows.row_bytes);
    for (const uint32_t row : rows)
        for (size_t at = 0; at < bytes; at += kLine) __builtin_prefetch(scored_.rows.at(row) + at);
}

// Makes candidates of worker.others, with their distances from a row.
std::span<const Neighbor> BulkLinker::neighbors_of(Worker& worker, uint32_t row) const {
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

std::span<const uint32_t> BulkLinker::near_links(uint32_t row) const {
    return layer().links_of(row).subspan(first_near_[row]);
}

// Prefetches the codes and reservoirs of the rows that this row offers itself to.
void BulkLinker::prefetch_targets(uint32_t row) const {
    for (const uint32_t link : near_links(row)) {
        if (link < slab_first_ || link >= slab_end_) continue;
        prefetch_codes({&link, 1});
        reservoirs_.prefetch_front(link);
    }
}

void BulkLinker::offer_one(Worker& worker, uint32_t row) {
    worker.others.clear();
    for (const uint32_t link : near_links(row))
        if (link >= slab_first_ && link < slab_end_) worker.others.push_back(link);
    if (worker.others.empty()) return;
    for (const Neighbor neighbor : neighbors_of(worker, row)) {
        Neighbor back = neighbor_of(distance_of(neighbor), row);
        reservoirs_.offer(row_of(neighbor), {&back, 1});
    }
}

void BulkLinker::write_one(Worker& worker, uint32_t row) {
    if (row + 1 < slab_end_) prefetch_codes(reservoirs_.rows_of(row + 1));
    merge_candidates(worker, row);
    uint32_t fixed[kMaxDegree];
    size_t before = equal_.tree_links(row, rows_, recipe_.copies, fixed);
    before += heads_->copy_links(row, recipe_.heads, fixed + before);
    const std::span<const uint32_t> coarse =
        coarse_links(row, is_flat_ ? first_near_[row] : recipe_.coarse);
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
void BulkLinker::merge_candidates(Worker& worker, uint32_t row) const {
    const std::span<const uint32_t> links = near_links(row);
    worker.others.assign(links.begin(), links.end());
    neighbors_of(worker, row);
    for (const Neighbor offered : reservoirs_.candidates(row, worker.own.data()))
        if (std::find(links.begin(), links.end(), row_of(offered)) == links.end())
            worker.candidates.push_back(offered);
    std::sort(worker.candidates.begin(), worker.candidates.end());
}

// Removes the links of a list behind the first `count` ones, which it had as a row of a smaller
// part of the graph.
void BulkLinker::clear_behind(uint32_t row, size_t count) const {
    for (; count < layer().degree && layer().list(row)[count] != kNone; ++count)
        layer().set(row, count, kNone);
}

// Appends links to the first `count` ones of a list, unless it holds them, and returns their
// number.
size_t BulkLinker::append_new(uint32_t row, std::span<const uint32_t> links, size_t count) const {
    const uint32_t* list = layer().list(row);
    for (const uint32_t link : links)
        if (count < recipe_.max_links && std::find(list, list + count, link) == list + count)
            layer().set(row, count++, link);
    return count;
}

// Returns at most `most` links of the row in the layer above, or those with which its list in a
// flat graph begins, which a smaller part of the graph gave it. The candidates of a row all lie
// near it; these links lead to other clusters, as those of the first rows do when walks link.
std::span<const uint32_t> BulkLinker::coarse_links(uint32_t row, size_t most) const {
    const std::span<const Layer> layers = state_.graph.layers();
    const size_t above = is_flat_ ? layer_ : layer_ + 1;
    if (above == layers.size() || row >= layers[above].count) return {};
    const std::span<const uint32_t> links = layers[above].links_of(row);
    return links.first(std::min(most, links.size()));
}

void BulkLinker::copy_one(uint32_t row) const {
    uint32_t tree[kMaxTreeLinks];
    size_t count = equal_.tree_links(row, rows_, recipe_.copies, tree);
    for (size_t i = 0; i < count; ++i) layer().set(row, i, tree[i]);
    const uint32_t original = equal_.original_of(row);
    for (const uint32_t link : layer().links_of(original)) {
        if (count == recipe_.max_links) break;
        if (equal_.original_of(link) != original) layer().set(row, count++, link);
    }
    clear_behind(row, count);
}

}  // namespace vecq
