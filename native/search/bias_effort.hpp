// How much wider a beam has to be because of item biases.
#pragma once

#include <vector>

#include "search/request.hpp"

namespace vecq {

// Returns the factor by which the beam of a call grows, at least 1.
double beam_factor_for_biases(const Request& request, SearcherPool& searchers);

// Returns up to 128 rows that hold items, evenly spaced.
std::vector<uint32_t> sampled_rows(const IndexState& state);

}  // namespace vecq
