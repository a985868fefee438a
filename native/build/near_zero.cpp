// The part of the Builder that moves rows between an inner-product graph and the near-zero rows
// after a refit.
#include <algorithm>
#include <functional>

#include "build/builder.hpp"
#include "build/repair_limits.hpp"

namespace vecq {
namespace {

// Length limit of a chain of replacements: the neighbor of a row that leaves may leave, too.
constexpr size_t kMaxReplacements = 8;

Array<uint32_t> array_of(const std::vector<uint32_t>& rows) {
    Array<uint32_t> array;
    array.resize(rows.size());
    std::copy(rows.begin(), rows.end(), array.data());
    return array;
}

}  // namespace

void Builder::update_near_zero() {
    if (!state_.rows.link().is_flat()) return;
    has_outdated_near_zero_ = true;
    graph_repair_.reset();
    move_out_of_graph();
    move_into_graph();
    has_outdated_near_zero_ = false;
}

void Builder::move_out_of_graph() {
    const RowTable& rows = state_.rows;
    const size_t extent = rows.slots().extent();
    std::vector<uint32_t> leaving, near_zero;
    std::vector<bool> leaves(extent);
    for (uint32_t row = 0; row < extent; ++row) {
        if (!rows.slots().is_visible(row)) continue;
        const bool was_out = state_.near_zero.contains(row);
        leaves[row] = !was_out && rows.link().is_near_zero(rows.codes()[row]);
        if (leaves[row]) leaving.push_back(row);
        if (was_out || leaves[row]) near_zero.push_back(row);
    }
    if (leaving.empty()) return;
    std::vector<uint32_t> replacements(extent, kNone);
    for (const uint32_t row : leaving)
        for (const uint32_t link : state_.graph.layers().front().links_of(row)) {
            if (link >= extent || !rows.slots().is_visible(link)) continue;
            replacements[row] = link;
            if (!leaves[link]) break;
        }
    Array<uint32_t> all = array_of(near_zero);
    std::vector<uint32_t> entries =
        entries_.longest_rows([&](uint32_t row) { return !leaves[row]; });
    const std::function<uint32_t(uint32_t)> replacement_of = [&](uint32_t row) {
        for (size_t i = 0; i < kMaxReplacements && row < extent && leaves[row]; ++i)
            row = replacements[row];
        return row < extent && !leaves[row] ? row : kNone;
    };
    // From here on nothing fails.
    require_repair();
    {
        const auto alone = locks_.searches.write();
        state_.graph.enter_at(std::move(entries), 1);
    }
    for (uint32_t node = 0; node < state_.graph.layers().front().count; ++node)
        state_.graph.redirect_links(0, node, replacement_of);
    for (const uint32_t row : leaving) remover_.empty_lists(row);
    const auto alone = locks_.searches.write();
    state_.near_zero.restore(std::move(all));
}

// Links rows that are long enough now, longest first, like added rows.
void Builder::move_into_graph() {
    const RowTable& rows = state_.rows;
    std::vector<uint32_t> entering, near_zero;
    for (const uint32_t row : state_.near_zero.all())
        (rows.link().is_near_zero(rows.codes()[row]) ? near_zero : entering).push_back(row);
    if (entering.empty()) return;
    std::ranges::stable_sort(entering, [&](uint32_t a, uint32_t b) {
        return rows.codes()[a].norm > rows.codes()[b].norm;
    });
    require_repair();
    const size_t before = state_.graph_items();
    Array<uint32_t> rest = array_of(near_zero);
    {
        const auto alone = locks_.searches.write();
        state_.near_zero.restore(std::move(rest));
    }
    const std::span<const uint32_t> all = entering;
    const size_t first = std::min(all.size(), kFlatEntries);
    for (size_t i = 0; i < first; ++i) {
        workers_.link(all.subspan(i, 1), 1, 1);
        const auto alone = locks_.searches.write();
        entries_.offer(all[i]);
    }
    const size_t alone = std::clamp(rows_linked_alone(before), first, all.size());
    if (alone > first) workers_.link(all.subspan(first, alone - first), 1, 1);
    if (all.size() > alone) workers_.link(all.subspan(alone), 0, kMaxInterleaved);
    begin_list_repair(all, kListSamples);
    while (list_repair_ && !list_repair_->is_done()) list_repair_->step(0);
    list_repair_.reset();
}

}  // namespace vecq
