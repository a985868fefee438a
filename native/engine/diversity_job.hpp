// The input of the kernel that picks diverse rows.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/layout.hpp"
#include "quant/rows.hpp"

namespace vecq {

struct DiversityRows {
    Rows rows;
    const RowConstants* constants;  // one per row
    size_t dim;
};

// Up to kBlockQueries candidates of neighboring ranks, a lane each. Lanes without one have the
// relevance -infinity.
struct alignas(kLine) DiversityGroup {
    float relevance[kBlockQueries];  // times 1 - diversity; -infinity once picked
    float nearest[kBlockQueries];    // similarity to the nearest of the rows compared so far
    float worth[kBlockQueries];      // relevance - diversity * nearest: an upper bound
    size_t compared;                 // number of picked rows that the group was compared with
    // Of the codes, set before the first comparison. Sums are those of bytes.
    float inverse_norms[kBlockQueries];
    int32_t sums[kBlockQueries];
};

// Picked rows that a group is compared with at once, at most.
inline constexpr size_t kDiversityRows = 8;

// Picks `wanted` of `count` candidates by the rule of search/diversity.hpp.
struct DiversityJob {
    DiversityRows from;
    const uint32_t* candidates;  // rows
    size_t count;
    float diversity;
    DiversityGroup* groups;
    float* group_worth;   // the largest of each group; -infinity behind the last group
    size_t group_worths;  // a multiple of 16
    void* packed;         // a packed block per group
    void* query_codes;    // of kBlockQueries rows, see Kernels::row_query
    void* picked_codes;   // of `wanted` + kDiversityRows rows
    float* picked_inverse_norms;
    uint32_t* picked;  // places of candidates
    size_t wanted;     // at most `count`
};

}  // namespace vecq
