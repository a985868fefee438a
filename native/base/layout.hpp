// Code widths and the layout of rows and queries on which all kernels rely.
//
// A row is a whole number of aligned 64-byte cache lines, padded with the code 0, so that no kernel
// has a tail loop.
//
// An int8 row holds code + 128. The x86 instruction multiplies unsigned by signed bytes; with the
// offset on the row's side its correction, 128 * sum(query), is one number per query and costs
// no byte per row.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/memory.hpp"

namespace vecq {

enum class Width : uint8_t { fp32, fp16, int16, int8 };

inline constexpr size_t kWidths = 4;
inline constexpr size_t kMaxDim = 65535;
inline constexpr int32_t kRowOffset = 128;

constexpr size_t row_code_bytes(Width width) {
    return width == Width::fp32 ? 4 : width == Width::int8 ? 1 : 2;
}

constexpr size_t query_code_bytes(Width width) {
    return width == Width::fp16 ? 4 : row_code_bytes(width);
}

// Number of codes in a padded row.
constexpr size_t padded_codes(Width width, size_t dim) {
    const size_t per_line = kLine / row_code_bytes(width);
    return (dim + per_line - 1) / per_line * per_line;
}

constexpr size_t row_bytes(Width width, size_t dim) {
    return padded_codes(width, dim) * row_code_bytes(width);
}

// Codes of a query, not owned: padded with the code 0 to the length of a row, aligned to one code.
struct Query {
    const void* codes;
    int32_t sum;  // of the codes; int8 only
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
    const int32_t* sums;  // kBlockQueries sums of codes; int8 only
    size_t dim;           // codes per query; only tiles read the padding of a row behind them
};

}  // namespace vecq
