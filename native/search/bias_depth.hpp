// Whether a walk with item biases went deep enough.
//
// A graph leads to rows by similarity, and a beam holds the best rows by similarity + bias. A row
// is scored if one of its neighbors, which are about as similar, is expanded. Half of the rows
// have a bias above the median, so a walk whose worst kept score is t has scored the rows of
// similarity t - median. The results among them have biases up to (k-th score - t) above the
// median. So a walk goes deeper as long as biases reach further: those of a sample, and those of
// the results so far, which tell how much a bias counts against the density of rows around the
// query.
#pragma once

#include <span>

#include "base/key.hpp"
#include "rows/index_state.hpp"

namespace vecq {

class BiasDepth {
public:
    explicit BiasDepth(const IndexState& state);

    // Returns how many rows the walk has to reach: `reach` if it went deep enough. It found these
    // keys, best first, of which `depth` are wanted; `weight` is that of the query's biases.
    size_t reach_for(std::span<const Key> found, size_t depth, float weight, size_t reach) const;

private:
    float reach_of_biases(std::span<const Key> results, float weight) const;

    const IndexState& state_;
    // Of a sample: the median bias, and the means of a few at both ends.
    float median_ = 0, low_ = 0, high_ = 0;
};

}  // namespace vecq
