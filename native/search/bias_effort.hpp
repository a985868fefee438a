// How much wider a beam has to be because of item biases.
#pragma once

#include "search/request.hpp"

namespace vecq {

// Returns the factor by which the beam of a call grows, at least 1.
double beam_factor_for_biases(const Request& request, SearcherPool& searchers);

}  // namespace vecq
