// Removes rows: hides them from searches, unlinks them, and redirects links that unlinking did not
// find. A failure never leaves an item half removed.
#pragma once

#include <span>
#include <vector>

#include "build/link_workers.hpp"

namespace vecq {

class Remover {
public:
    Remover(IndexState& state, LinkWorkers& workers) : state_(state), workers_(workers) {}

    // Reserves memory, so that hiding rows below the extent does not fail. No search may run.
    void reserve() { replacements_.resize(state_.rows.slots().extent(), kNone); }

    // Hides a row that is not an entry point and whose id was erased, and appends it to `hidden` if
    // it is in the graph. No search may run. Does not fail if both have capacity.
    void hide(uint32_t row, std::vector<uint32_t>& hidden);
    // Gives back the slot of a row that was not linked.
    void vacate(uint32_t row);
    // Unlinks hidden rows and repairs the lists around them.
    void unlink(std::span<const uint32_t> rows);

    // Whether stray slots are numerous enough to justify a sweep of all lists.
    bool needs_sweep() const;
    // Redirects links to vacant slots to the replacement of the removed row, or drops them, in the
    // lists of nodes [first, first + count) of a layer.
    void redirect_links(size_t layer, size_t first, size_t count, size_t threads);
    // Called before and after all lists are redirected.
    void begin_sweep();
    void end_sweep();
    void clear() { replacements_.clear(); }

    void empty_lists(uint32_t row);

private:
    uint32_t replacement_of(uint32_t row) const;

    IndexState& state_;
    LinkWorkers& workers_;
    // For rows removed since the last sweep, the row that was nearest. The sweep redirects long
    // links, which unlinking does not find and walks need, to it.
    std::vector<uint32_t> replacements_;
};

}  // namespace vecq
