// How deep walks go for item biases and groups: each walk as deep as its query needs.
#pragma once

#include <optional>
#include <span>

#include "search/bias_depth.hpp"
#include "search/request.hpp"

namespace vecq {

class WalkDepth {
public:
    WalkDepth(const Request& request, Searcher& searcher);

    // Whether the depth depends on the query.
    bool is_open() const { return biases_ || request_.call.options.groups != nullptr; }
    // Returns how many rows the walk for query `i` has to reach: `reach` if it went deep enough. It
    // found these items, best first. If it is full, it found no fewer rows than it reached.
    size_t reach_for(size_t i, std::span<const Key> found, size_t reach, bool is_full);
    // The number of the best keys among which results are chosen, once a walk went deep enough.
    size_t depth() const { return depth_; }

    // The beam width for a reach. Places beyond the reach hold scored rows that are not expanded
    // yet. A deeper walk needs most of them.
    static size_t beam_width(size_t reach);
    // The same for the first reach: as wide as the expected depth, up to 512 rows.
    size_t first_beam_width(size_t reach) const;

private:
    size_t reach_for_groups(std::span<const Key> found, size_t reach);

    const Request& request_;
    Searcher& searcher_;
    std::optional<BiasDepth> biases_;
    size_t depth_;
};

}  // namespace vecq
