// How the sections of an index file that are not plain arrays are laid out, and what sections are
// called.
#pragma once

#include <cstddef>
#include <string>

#include "rows/section_kinds.hpp"

namespace vecq {

bool is_known(SectionId id);
// For messages: "links of layer 2".
std::string name_of(SectionId id);

// Everything but arrays. Later versions may append fields; 0 has to mean "unknown" in them, which
// is what a shorter section gives.
struct SavedIndex {
    uint32_t metric, link;   // as the caller chose them
    uint32_t resolved_link;  // what Link::automatic became
    uint32_t entered;        // layers that walks pass through
    uint64_t dim, m, ef_construction, seed;
    uint64_t rows;
    uint64_t level_rng;
    uint64_t rows_since_repair;
    int64_t largest_id;
    float norm_unit;        // see LinkMetric
    float distance_growth;  // see CostModel, as are
    uint64_t cost_rows;
    double costs[8];  // in the order of CostModel's members
    // The settings of the first version end here.
    uint64_t curve_rows;  // rows when the recall curve was measured; 0: unknown or never
};
inline constexpr size_t kFirstSettings = offsetof(SavedIndex, curve_rows);

// Bits of SavedCodec::flags.
inline constexpr uint32_t kCenters = 1, kRotates = 2, kUnbiased = 4, kFitted = 8;

struct SavedCodec {
    uint32_t width, scale, calibration;
    uint32_t flags;
    double percentile;
    uint64_t seed;
};

static_assert(kFirstSettings == 160 && sizeof(SavedIndex) == 168 && sizeof(SavedCodec) == 32);

}  // namespace vecq
