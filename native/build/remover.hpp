// Removes rows: hides them from searches, unlinks them, and redirects the links that unlinking did
// not find. Whatever fails on the way, an item is there or it is not.
#pragma once

#include <span>
#include <vector>

#include "build/link_workers.hpp"

namespace vecq {

class Remover {
public:
    Remover(IndexState& state, LinkWorkers& workers) : state_(state), workers_(workers) {}

    // After this, hiding rows below the extent does not fail for lack of memory. While no search
    // runs.
    void reserve() { replacements_.resize(state_.rows.slots().extent(), kNone); }

    // While no search runs: hides a row that is no entry and has no id any more, and appends it to
    // `hidden` if it is in the graph. Does not fail if both have capacity.
    void hide(uint32_t row, std::vector<uint32_t>& hidden);
    // A row that was put into a slot but is not linked gives the slot back.
    void vacate(uint32_t row);
    // Unlinks hidden rows and repairs the lists around them.
    void unlink(std::span<const uint32_t> rows);

    // Whether so many links may lead to vacant slots that it pays to read all lists.
    bool needs_sweep() const;
    // Has links to vacant slots lead to what was nearest to the removed row, or nowhere: on
    // `threads`, in all lists of nodes [first, first + count) of a layer.
    void redirect_links(size_t layer, size_t first, size_t count, size_t threads);
    // Before and after all lists were redirected.
    void begin_sweep();
    void end_sweep();
    void clear() { replacements_.clear(); }

    void empty_lists(uint32_t row);

private:
    uint32_t replacement_of(uint32_t row) const;

    IndexState& state_;
    LinkWorkers& workers_;
    // For rows removed since the last sweep, the row that was nearest: long links that unlinking
    // does not find lead there later, because walks need them to get about.
    std::vector<uint32_t> replacements_;
};

}  // namespace vecq
