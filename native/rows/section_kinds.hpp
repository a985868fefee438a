// The kinds of sections that an index file holds. A kind keeps its number and its meaning forever.
#pragma once

#include <cstddef>
#include <cstdint>

#include "storage/format.hpp"

namespace vecq {

enum class Kind : uint32_t {
    index = 1,         // a SavedIndex
    codec = 2,         // a SavedCodec; number 0 for the codes that are walked, 1 for rerank codes
    codec_mean = 3,    // floats; numbered like codecs, and so are
    codec_scales = 4,  //   floats
    codes = 5,         //   one padded row of codes per row
    constants = 6,     //   RowConstants
    affine = 7,        //   Affine, for scores
    link_affine = 8,   // Affine, for linking
    ids = 9,           // int64_t
    links = 10,        // one neighbor list per node; numbered by layer, and so are
    layer_rows = 11,   //   rows of the nodes; absent on layer 0
    layer_below = 12,  //   numbers of the nodes one layer down; absent on layer 0
    entries = 13,      // nodes of the top layer where walks begin
    near_zero = 14,    // rows kept out of an inner-product graph, ascending
    order = 15,   // uint32_t per row, ascending in insertion order; empty: the order of the ids
    curve = 16,   // CurvePoint; optional
    vacant = 17,  // rows without an item, ascending; absent if there are none
};

constexpr SectionId section(Kind kind, size_t number = 0) {
    return {static_cast<uint32_t>(kind), static_cast<uint32_t>(number)};
}

}  // namespace vecq
