// What the sections of an index's file are. A kind keeps its number and its meaning for ever.
#pragma once

#include <cstddef>
#include <string>

#include "storage/format.hpp"

namespace vecq {

enum class Kind : uint32_t {
    index = 1,         // a SavedIndex
    codec = 2,         // a SavedCodec; number 0 for the rows that are walked, 1 for the wider ones
    codec_mean = 3,    // floats, numbered as codecs, and so are
    codec_scales = 4,  //   floats
    codes = 5,         //   a row of codes each
    constants = 6,     //   RowConstants
    affine = 7,        //   Affine, for scores
    link_affine = 8,   // Affine, for linking
    ids = 9,           // int64_t
    links = 10,        // a list of nodes each; numbered by layer, and so are
    layer_rows = 11,   //   rows of the nodes; not on layer 0
    layer_below = 12,  //   numbers of the nodes one layer down; not on layer 0
    entries = 13,      // nodes of the layer that walks enter
    aside = 14,        // rows, ascending
    order = 15,        // uint32_t for each row, in the order in which rows came; empty: as ids do
    curve = 16,        // CurvePoint, of the calibration; not required
    vacant = 17,       // rows that hold no item, ascending; not written where there are none
};

constexpr SectionId section(Kind kind, size_t number = 0) {
    return {static_cast<uint32_t>(kind), static_cast<uint32_t>(number)};
}

bool is_known(SectionId id);
// "links of layer 2"
std::string name_of(SectionId id);

// All but arrays. Later versions may append fields; a shorter one leaves them 0.
struct SavedIndex {
    uint32_t metric, link;  // as asked for
    uint32_t linked_by;     // what that came to
    uint32_t entered;       // layers that walks go through
    uint64_t dim, m, ef_construction, seed;
    uint64_t rows;
    uint64_t levels;   // the state of the random numbers that levels are drawn by
    uint64_t unswept;  // rows added since the graph was looked over
    int64_t largest_id;
    float unit;          // the norm that links by norm are relative to
    float growth;        // of distances around a row
    uint64_t pace_rows;  // rows when it was measured what searches cost; 0: never
    double pace[8];      // seconds: fixed and by row kept of walks, of one alone; a Pace's others
    // Since the first version, whose settings end here:
    uint64_t curve_rows;  // when the calibration was measured; 0: not known, or never
};
inline constexpr size_t kFirstSettings = offsetof(SavedIndex, curve_rows);

inline constexpr uint32_t kCentres = 1, kRotates = 2, kUnbiased = 4, kFitted = 8;

struct SavedCodec {
    uint32_t width, scale, calibration;
    uint32_t flags;
    double percentile;
    uint64_t seed;
};

static_assert(kFirstSettings == 160 && sizeof(SavedIndex) == 168 && sizeof(SavedCodec) == 32);

}  // namespace vecq
