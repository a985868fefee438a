// Where walks begin: at one node of the highest layer, or in a flat graph at its longest rows.
#pragma once

#include <functional>

#include "rows/index_state.hpp"

namespace vecq {

inline constexpr size_t kFlatEntries = 32;

class EntryPoints {
public:
    explicit EntryPoints(IndexState& state) : state_(state) {}

    // Considers a linked row: one that is on more layers than the entry, or among the longest.
    void offer(uint32_t row);
    // Before a row is removed: chooses another entry if walks begin there. Returns whether the
    // graph has to be checked for unreachable rows, because nobody knows where a new entry leads.
    bool retire(uint32_t row);

    // The longest rows of a flat graph for which is_candidate(row), where walks may begin.
    std::vector<uint32_t> longest_rows(const std::function<bool(uint32_t row)>& is_candidate) const;

private:
    void offer_long(uint32_t row);
    void replace_on_highest_layer(uint32_t without);

    IndexState& state_;
};

}  // namespace vecq
