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
    // Returns how many rows the walk for query `i` has to reach, `reach` if it went deep enough. It
    // found these keys, best first.
    size_t reach_for(size_t i, std::span<const Key> found, size_t reach);
    // The number of the best keys among which results are chosen, once a walk went deep enough.
    size_t depth() const { return depth_; }

    // The width of a beam in which a walk reaches so many rows. Beyond them it keeps rows that it
    // scored but does not expand: most of those that it needs if it has to go deeper.
    static size_t beam_width(size_t reach);
    // The same for a first `reach`: wide enough for the expected depth.
    size_t first_beam_width(size_t reach) const;

private:
    size_t reach_for_groups(std::span<const Key> found, size_t reach);

    const Request& request_;
    Searcher& searcher_;
    std::optional<BiasDepth> biases_;
    size_t depth_;
};

}  // namespace vecq
