// Changes of item biases. Callers hold IndexLocks::changes.
#pragma once

#include <span>

#include "rows/index_state.hpp"

namespace vecq {

// Adds the column of biases if there is none yet.
void require_biases(IndexState& state, IndexLocks& locks);
// Sets the biases of items, all at once for every search. Throws for an unknown id; then nothing
// changes.
void set_biases(IndexState& state, IndexLocks& locks, std::span<const int64_t> ids,
                const float* biases);
// Chooses the rows of extreme biases again.
void choose_bias_extremes(IndexState& state, IndexLocks& locks);

}  // namespace vecq
