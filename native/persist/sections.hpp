// The layout of file sections that are structs, and the names of all sections.
#pragma once

#include <cstddef>
#include <string>

#include "rows/attribute_spec.hpp"
#include "rows/section_kinds.hpp"

namespace vecq {

// Whether this release knows the kind of the section.
bool is_known(SectionId id);
// Returns the name for messages, such as "links of layer 2".
std::string name_of(SectionId id);

// All state that is not an array. Later releases may append fields, in which 0 must mean "unknown":
// fields that a shorter section lacks read as 0.
struct SavedIndex {
    uint32_t metric, link;   // options of the caller
    uint32_t resolved_link;  // the link in use: differs if `link` is Link::automatic
    uint32_t entered;        // number of layers that walks use, from layer 0 up
    uint64_t dim, m, ef_construction, seed;
    uint64_t rows;
    uint64_t level_rng;
    uint64_t rows_since_repair;
    int64_t largest_id;
    float norm_unit;        // see LinkMetric
    float distance_growth;  // see CostModel, as are
    uint64_t cost_rows;
    double costs[8];  // in the order of CostModel's members
    // The settings of the first release end here.
    uint64_t curve_rows;  // number of rows when the recall curve was measured; 0: unknown or never
};
inline constexpr size_t kFirstSettings = offsetof(SavedIndex, curve_rows);

// Bits of SavedCodec::flags.
inline constexpr uint32_t kCenters = 1, kRotates = 2, kUnbiased = 4, kFitted = 8;

// One attribute, at the position that is the number of its sections.
struct SavedAttribute {
    uint32_t kind;
    char name[kMaxAttributeName + 1];  // ends in 0
};

struct SavedCodec {
    uint32_t width, scale, calibration;
    uint32_t flags;
    double percentile;
    uint64_t seed;
};

struct SavedNames {
    uint64_t seed;   // of the hash
    uint64_t count;  // number of names
};

struct SavedCells {
    uint64_t extent;  // see Cells
};

static_assert(kFirstSettings == 160 && sizeof(SavedIndex) == 168 && sizeof(SavedCodec) == 32 &&
              sizeof(SavedAttribute) == 64);

}  // namespace vecq
