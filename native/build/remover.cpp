// Hides and unlinks rows, and redirects stray links to replacement neighbors.
#include "build/remover.hpp"

#include <algorithm>

#include "base/pool.hpp"
#include "build/repair_limits.hpp"

namespace vecq {
namespace {

// Length limit of a chain of replacements: the replacement of a row may have been removed, too.
constexpr size_t kMaxReplacements = 8;
constexpr size_t kNodesPerTask = 4096;

}  // namespace

void Remover::hide(uint32_t row, std::vector<uint32_t>& hidden) {
    if (state_.near_zero.contains(row))
        state_.near_zero.erase(row);
    else
        hidden.push_back(row);
    state_.rows.slots().hide(row);
    vacate(row);
}

void Remover::vacate(uint32_t row) {
    state_.rows.slots().vacate(row);
    replacements_[row] = kNone;
}

void Remover::unlink(std::span<const uint32_t> rows) {
    for (const uint32_t row : rows) {
        if (!state_.graph.entries().empty()) replacements_[row] = workers_.unlink(row);
        empty_lists(row);
    }
}

void Remover::empty_lists(uint32_t row) {
    for (const Layer& layer : state_.graph.layers())
        if (layer.holds(row)) layer.remove_if(layer.node_of(row), [](uint32_t) { return true; });
}

bool Remover::needs_sweep() const {
    const Slots& slots = state_.rows.slots();
    return slots.stray() > 0 && slots.stray() * kRepairShare >= slots.extent();
}

void Remover::begin_sweep() {
    for (const uint32_t row : state_.rows.slots().vacant()) empty_lists(row);
}

uint32_t Remover::replacement_of(uint32_t row) const {
    const Slots& slots = state_.rows.slots();
    for (size_t i = 0; i < kMaxReplacements && row < replacements_.size() && !slots.is_visible(row);
         ++i)
        row = replacements_[row];
    return row < slots.extent() && slots.is_visible(row) ? row : kNone;
}

void Remover::redirect_links(size_t layer, size_t first, size_t count, size_t threads) {
    const size_t tasks = (count + kNodesPerTask - 1) / kNodesPerTask;
    parallel_for(threads, tasks, [&](size_t task, size_t) {
        const size_t from = task * kNodesPerTask, to = std::min(count, from + kNodesPerTask);
        for (size_t i = from; i < to; ++i)
            state_.graph.redirect_links(layer, static_cast<uint32_t>(first + i),
                                        [this](uint32_t row) { return replacement_of(row); });
    });
}

void Remover::end_sweep() { state_.rows.slots().free_stray(); }

}  // namespace vecq
