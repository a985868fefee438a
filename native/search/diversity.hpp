// Maximal marginal relevance: picks results that are relevant and unlike those picked before.
#pragma once

#include <vector>

#include "base/key.hpp"
#include "base/memory.hpp"
#include "engine/engine.hpp"

namespace vecq {

class DiversityPicker {
public:
    // Reduces `keys`, best first, to `wanted` of them, in the order in which they are picked. Each
    // pick is the key with the largest
    //     (1 - diversity) * relevance - diversity * similarity,
    // the first of equal ones, where relevance is the score relative to the best (1) and worst (0)
    // of the keys, and similarity the largest cosine of the codes with those of a row picked
    // before, at least 0. `kernels` are those of the rows' width.
    void pick(std::vector<Key>& keys, size_t wanted, float diversity, const Kernels& kernels,
              const DiversityRows& from);

private:
    void rank(const std::vector<Key>& keys, float diversity, const RowConstants* constants);

    std::vector<uint32_t> candidates_, picked_;
    std::vector<float> picked_inverse_norms_;
    Memory groups_, group_worth_, packed_, query_codes_, picked_codes_;
};

}  // namespace vecq
