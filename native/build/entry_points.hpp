// The entry points of walks: one node of the highest layer, or the longest rows of a flat graph.
#pragma once

#include <functional>

#include "rows/index_state.hpp"

namespace vecq {

inline constexpr size_t kFlatEntries = 32;

class EntryPoints {
public:
    explicit EntryPoints(IndexState& state) : state_(state) {}

    // Makes a linked row an entry point if it is on more layers than the present one or among the
    // longest rows.
    void offer(uint32_t row);
    // Called before a row is removed: replaces it if it is an entry point. Returns whether a repair
    // pass is needed, because rows may be unreachable from the new entry point.
    bool retire(uint32_t row);

    // Returns the longest rows of a flat graph for which is_candidate(row) holds.
    std::vector<uint32_t> longest_rows(const std::function<bool(uint32_t row)>& is_candidate) const;

private:
    void offer_long(uint32_t row);
    void replace_on_highest_layer(uint32_t without);

    IndexState& state_;
};

}  // namespace vecq
