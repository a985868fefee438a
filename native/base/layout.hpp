// Code widths and the layout of rows and queries on which all kernels rely.
//
// A row is a whole number of aligned 64-byte cache lines, so that no kernel has a tail loop. Its
// padding is the code 0, or holds an affine, see base/row_affine.hpp.
//
// An int8 row holds code + 128. The x86 instruction multiplies unsigned by signed bytes; with the
// offset on the row's side its correction, 128 * sum(query), is one number per query and costs
// no byte per row.
//
// An int12 row holds code + kNibbleOffsets in three planes: all upper nibbles of the row, then all
// middle, then all lower ones. Each nibble is 8 more than a digit of the code, so that every plane
// alone is centered. A walk reads the upper plane, half a byte per dimension. 128 consecutive codes
// are a line of each plane: byte i holds code i in its low nibble and code i + 64 in its high one.
// The unit of an int12 dot is that of int8, sixteen steps of the code.
//
// An int4 row is one such plane, of codes from -7 to 7; its dots are those of int8 codes that are
// multiples of 16.
//
// An int8_planes row holds the bytes of an int8 row, code + 128, in two planes of the same layout.
// Its whole dots are those of int8. An upper plane alone lacks 8 on average, which its dots add.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/memory.hpp"

namespace vecq {

// Callers ask for int8; an index may store it as int8_planes, see Codec::for_walks.
enum class Width : uint8_t { fp32, fp16, int16, int8, int12, int8_planes, int4 };

inline constexpr size_t kWidths = 7;
inline constexpr size_t kMaxDim = 65535;
inline constexpr int32_t kRowOffset = 128;
inline constexpr int32_t kNibbleOffset = 8, kNibbleOffsets = 0x888;
inline constexpr size_t kPlaneLineCodes = 2 * kLine;

// The width that the caller asked for.
constexpr Width given_width(Width width) {
    return width == Width::int8_planes ? Width::int8 : width;
}

// Planes of nibbles in a row; 0 if it holds whole codes.
constexpr size_t planes_of(Width width) {
    switch (width) {
        case Width::int12: return 3;
        case Width::int8_planes: return 2;
        case Width::int4: return 1;
        default: return 0;
    }
}

// Bytes of a code in a row; of a code whose row holds nibbles, those of its byte.
constexpr size_t row_code_bytes(Width width) {
    if (width == Width::int8 || planes_of(width) > 0) return 1;
    return width == Width::fp32 ? 4 : 2;
}

constexpr size_t query_code_bytes(Width width) {
    return width == Width::fp16 ? 4 : row_code_bytes(width);
}

// Number of codes in a padded row.
constexpr size_t padded_codes(Width width, size_t dim) {
    const size_t per_line = planes_of(width) > 0 ? kPlaneLineCodes : kLine / row_code_bytes(width);
    return (dim + per_line - 1) / per_line * per_line;
}

constexpr size_t row_bytes(Width width, size_t dim) {
    const size_t codes = padded_codes(width, dim);
    return planes_of(width) > 0 ? codes / 2 * planes_of(width) : codes * row_code_bytes(width);
}

// Codes of a query, not owned: padded with the code 0 to the length of a row, aligned to one code.
struct Query {
    const void* codes;
    int32_t sum;  // of the codes, if they are bytes
};

// Padded rows, contiguous and not owned.
struct Rows {
    const std::byte* data;
    size_t row_bytes;
    size_t count;

    const std::byte* at(size_t row) const { return data + row * row_bytes; }
};

// Per-row terms of the score, see EncodedQuery.
struct Affine {
    float a, c;
};

// The affine of a row with its item's bias, in one element, so that a walk that adds biases reads
// no further cache line per row. `inherits` is 1 for a staged row whose item keeps the bias of the
// row that it replaces.
struct BiasedAffine {
    Affine affine;
    float bias;
    uint32_t inherits;
};
static_assert(sizeof(BiasedAffine) == 16);

// Queries per packed block, for scoring against contiguous rows.
inline constexpr size_t kBlockQueries = 32;

struct QueryBlock {
    const void* codes;    // packed by the engine that reads them
    const int32_t* sums;  // kBlockQueries sums of codes, if they are bytes
    size_t dim;           // codes per query; only tiles read the padding of a row behind them
    // Number of queries. The dots of later ones may be left as they are.
    size_t count = kBlockQueries;
};

}  // namespace vecq
