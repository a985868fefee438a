// Maximal marginal relevance: picks results that are relevant and unlike those picked before.
#pragma once

#include <queue>
#include <vector>

#include "base/key.hpp"
#include "base/memory.hpp"
#include "rows/index_state.hpp"

namespace vecq {

class DiversityPicker {
public:
    // Reduces `keys`, best first, to `wanted` of them, in the order in which they are picked. Each
    // pick is the key with the largest
    //     (1 - diversity) * relevance - diversity * similarity,
    // where relevance is the score relative to the best (1) and worst (0) of the keys, and
    // similarity the largest cosine of the codes with those of a row picked before, at least 0.
    void pick(std::vector<Key>& keys, size_t wanted, float diversity, const IndexState& state);

private:
    // A key with an upper bound of what it is worth: similarities only grow. Of equal ones the
    // first key is taken.
    struct Candidate {
        float worth;
        uint32_t place;

        bool operator<(const Candidate& other) const {
            return worth < other.worth || (worth == other.worth && place > other.place);
        }
    };

    void compare(uint32_t place, size_t last, const IndexState& state);
    template <class Dot>
    void raise(uint32_t place, size_t count);

    std::vector<Candidate> heap_;
    std::vector<uint32_t> rows_, picked_rows_;
    std::vector<float> inverse_norms_, picked_inverse_norms_, nearest_;
    std::vector<uint32_t> compared_;  // number of picked rows that a key was compared with
    Memory codes_, dots_;
};

}  // namespace vecq
