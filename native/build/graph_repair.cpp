// The stages of a repair pass: redirect, mark, attach.
#include "build/graph_repair.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "base/pool.hpp"

namespace vecq {
namespace {

// Nodes read per step and thread, and rows attached per step.
constexpr size_t kNodesPerStep = size_t{1} << 18, kAttachedPerStep = 64;
// Beam width of the search for rows near an unreachable one.
constexpr size_t kNear = 64;

// Whether two rows have the same distances to all others.
bool are_equal(const CodeStore& codes, uint32_t a, uint32_t b) {
    const Codec& codec = codes.codec();
    const RowAffine room(codec.width(), codec.dim());
    return room.has_equal_codes(codes.codes_of(a), codes.codes_of(b), codec.row_bytes()) &&
           codes[a].scale == codes[b].scale;
}

}  // namespace

GraphRepair::GraphRepair(IndexState& state, FairSharedMutex& searches, Remover& remover)
    : state_(state),
      searches_(searches),
      remover_(remover),
      graph_version_(state.graph.version()),
      stage_(remover.needs_sweep() ? Stage::redirect : Stage::mark),
      row_query_(state) {
    progress_.total = 2 * state.rows.slots().extent() + 1;
    if (stage_ == Stage::redirect) {
        for (const Layer& layer : state.graph.layers()) progress_.total += layer.count;
        remover.begin_sweep();
    } else {
        begin_marking();
    }
}

Progress GraphRepair::step(size_t threads) {
    switch (stage_) {
        case Stage::redirect: redirect(threads); break;
        case Stage::mark: mark(threads); break;
        case Stage::attach: attach_some(); break;
        case Stage::done: break;
    }
    if (stage_ == Stage::done) progress_.done = progress_.total;
    return progress_;
}

void GraphRepair::redirect(size_t threads) {
    const size_t workers = workers_for(threads, SIZE_MAX), nodes = workers * kNodesPerStep;
    const size_t count = state_.graph.layers()[layer_].count;
    const size_t step_nodes = std::min(nodes, count - node_);
    remover_.redirect_links(layer_, node_, step_nodes, workers);
    node_ += step_nodes;
    progress_.done += step_nodes;
    if (node_ < count) return;
    node_ = 0;
    if (++layer_ < state_.graph.layers().size()) return;
    {
        const auto alone = searches_.write();
        remover_.end_sweep();
    }
    begin_marking();
}

void GraphRepair::begin_marking() {
    stage_ = Stage::mark;
    entries_ = state_.graph.entry_rows();
    base_ = {state_.graph.layers().data(), 1, entries_.data(), entries_.size()};
    reachable_.emplace(base_);
}

void GraphRepair::mark(size_t threads) {
    const size_t workers = workers_for(threads, SIZE_MAX), nodes = workers * kNodesPerStep;
    if (reachable_->step(nodes, workers))
        progress_.done = std::min(progress_.done + nodes, progress_.total - 1);
    else
        begin_attaching();
}

void GraphRepair::begin_attaching() {
    const Slots& slots = state_.rows.slots();
    std::vector<uint32_t> unmarked;
    for (uint32_t row = 0; row < slots.extent(); ++row)
        if (!reachable_->contains(row) && slots.is_visible(row)) unmarked.push_back(row);
    unreachable_.clear();
    std::ranges::set_difference(unmarked, state_.near_zero.all(), std::back_inserter(unreachable_));
    hosts_.emplace(state_.graph.layers().front());
    attached_ = 0;
    const bool is_last =
        unreachable_.empty() || entries_.empty() || unreachable_.size() >= unreachable_before_;
    unreachable_before_ = unreachable_.size();
    stage_ = is_last ? Stage::done : Stage::attach;
}

void GraphRepair::attach_some() {
    const size_t last = std::min(unreachable_.size(), attached_ + kAttachedPerStep);
    for (; attached_ < last; ++attached_)
        if (!reachable_->contains(unreachable_[attached_])) attach(unreachable_[attached_]);
    if (attached_ == unreachable_.size()) begin_marking();
}

// Attaching keeps reachable rows reachable: the attached row takes over a link that a full list
// drops.
void GraphRepair::attach(uint32_t row) {
    const uint32_t host = hosts_->attached_host();
    if (host != kNone && are_equal(state_.rows.codes(), host, row)) {
        hosts_->attach_to_host(row);
    } else {
        find_near(row);
        // Removed rows may fill the beam of a walk.
        if (near_.empty() && host != kNone) near_.push_back(key_of(0, host));
        if (near_.empty())
            for (const uint32_t entry : entries_) near_.push_back(key_of(0, entry));
        hosts_->attach(row, near_);
    }
    reachable_->spread(row);
}

// Finds reachable items near a row, nearest first; none if the walk ends among removed rows.
void GraphRepair::find_near(uint32_t row) {
    if (!walk_) walk_ = std::make_unique<WalkScratch>();
    const EncodedQuery query = row_query_.by_link_metric(row);
    RowFilter items;
    items.allowed = state_.rows.slots().visible();
    items.routing_candidates = kNear;
    size_t count = 0;
    near_.resize(kNear);
    state_.kernels.search({.graph = base_,
                           .scored = state_.rows.scored_for_links(),
                           .queries = {&query, 1},
                           .width = kNear,
                           .stop = {},
                           .filters = items.allowed == nullptr ? nullptr : &items,
                           .scratch = {walk_.get(), 1},
                           .found = near_.data(),
                           .found_counts = &count});
    near_.resize(count);
}

}  // namespace vecq
