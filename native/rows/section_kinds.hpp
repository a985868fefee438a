// The kinds of sections in index files, and the per-row arrays that RowTable keeps besides codes
// and ids. A kind keeps its number and its meaning forever.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/layout.hpp"
#include "storage/format.hpp"

namespace vecq {

enum class Kind : uint32_t {
    index = 1,         // a SavedIndex
    codec = 2,         // a SavedCodec; number 0 for search codes, 1 for rerank codes; the number
                       // of codec_mean to affine is that of their codec, or 2, see cells
    codec_mean = 3,    //   floats
    codec_scales = 4,  //   floats
    codes = 5,         //   one padded row of codes per row
    constants = 6,     //   RowConstants
    affine = 7,        //   Affine, for scores
    link_affine = 8,   // Affine, for linking
    ids = 9,           // int64_t
    links = 10,        // one neighbor list per node; its number, and that of the next two, is the
                       // layer
    layer_rows = 11,   //   row of each node; absent on layer 0
    layer_below = 12,  //   node of the same row one layer below; absent on layer 0
    entries = 13,      // entry points: nodes of the top layer
    near_zero = 14,    // rows kept out of an inner-product graph, ascending
    order = 15,        // uint32_t insertion number per row; empty: ids give the order
    curve = 16,       // CurvePoint; optional; number 1: of probes; number 2: of rescored candidates
    vacant = 17,      // rows without an item, ascending; absent if there are none
    bias = 18,        // number 0: BiasedAffine; number 1: rows of extreme biases, see
                      // rows/bias_extremes.hpp; both absent if no item has a bias
    attributes = 19,  // SavedAttribute; its element is the number of the next four
    attribute_values = 20,  //   one element per row, see rows/attribute_spec.hpp
    attribute_ends = 21,    //   uint64_t, the offset behind each text
    attribute_texts = 22,   //   char, the texts one after the other
    attribute_sets = 23,    //   uint32_t, see TagSets::stored
    names = 24,             // a SavedNames; this and the next three only if ids are strings
    name_entries = 25,  //   uint64_t per number: offset << 16 | length in name_bytes; 0: no name
    name_bytes = 26,    //   UTF-8
    name_slots = 27,    //   NameSlots, a hash table
    walk_affine = 30,   // Affine, for walks over one plane of int12 or int8 codes; absent if rows
                        // hold them, see row_affine
    scan_affine = 31,   // Affine, for scans over two planes of int12 codes
    cells = 32,         // a SavedCells; this and the next three only if there are cells; code
                        // sections of number 2 hold the centroids
    cell_rows = 33,     //   uint32_t, the rows cell by cell
    cell_ends = 34,     //   uint32_t, the end of each cell in cell_rows
    cell_changes = 35,  //   uint32_t, rows whose slots hold other items since
    row_affine = 36,    // empty; present if rows of codes hold affines, see base/row_affine.hpp
};

constexpr SectionId section(Kind kind, size_t number = 0) {
    return {static_cast<uint32_t>(kind), static_cast<uint32_t>(number)};
}

// The properties of a per-row array, from which saving, opening, preloading and copying follow.
struct ColumnSpec {
    SectionId section;
    size_t element_bytes;
    // Whether walks and scans read the array, not only changes and reranking.
    bool is_searched = false;
    // Whether files of earlier releases lack the section: opened from them, all elements are zero.
    // Earlier releases skip the section.
    bool is_optional = false;
    // Whether only indexes that need separate affines for linking have the array.
    bool is_for_links = false;
    // Whether a table has the array only from the first item on that needs it. Saved as a copy,
    // because its elements change in place.
    bool is_on_demand = false;
    // Whether searches read the array from start to end, not row by row.
    bool is_swept = false;
    const char* name = "";  // of the section, in messages; unused for codes
};

// To add a per-row array, add a kind above and a line here.
inline constexpr ColumnSpec kTableColumns[] = {
    {.section = section(Kind::link_affine),
     .element_bytes = sizeof(Affine),
     .is_for_links = true,
     .name = "link affines"},
    {.section = section(Kind::bias),
     .element_bytes = sizeof(BiasedAffine),
     .is_searched = true,
     .is_optional = true,
     .is_on_demand = true,
     .name = "biases"},
};

}  // namespace vecq
