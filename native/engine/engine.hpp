// One Engine per instruction set: the functions that are compiled for it. Everything above calls
// through the active one and never names an instruction set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/layout.hpp"
#include "engine/jobs.hpp"
#include "quant/quantize.hpp"
#include "scan/sift.hpp"

namespace vecq {

// What an engine does for one code width. Dots are float for fp32 and fp16, otherwise int32_t.
struct Kernels {
    // dots[i] = query . rows[ids[i]]
    void (*dot_rows)(const Query&, const Rows&, const uint32_t* ids, size_t count, void* dots);

    // Packs up to kBlockQueries queries of `dim` codes; the rest of the block becomes zero.
    size_t (*packed_bytes)(size_t dim);
    void (*pack_block)(const Query*, size_t count, size_t dim, void* block);

    // dots[row * kBlockQueries + query], line-aligned
    void (*dot_block)(const QueryBlock&, const Rows&, void* dots);

    void (*search)(const SearchJob&);

    // Links rows, or takes one out and returns what is nearest to it, or kNone; `room` has as many bytes as link_room tells, aligned to a line.
    size_t (*link_room)(size_t row_bytes);
    void (*link)(const RowLinkJob&, LinkScratch&, std::byte* room);
    uint32_t (*unlink)(const RowLinkJob&, uint32_t row, LinkScratch&, std::byte* room);

    // scores[i] of row ids[i]
    void (*score)(const EncodedQuery&, const ScoredRows&, std::span<const uint32_t> ids,
                  float* scores);

    // The best scores of a block's dots, group by group of rows; what to keep of them; and of rows one
    // query at a time.
    void (*peaks)(const PeakJob&);
    void (*sift)(const SiftJob&);
    void (*scan_rows)(const RowScanJob&);
};

// Upper bounds of the kernels' throughput on a core, for benchmarks and tests. No search calls them.
struct Probes {
    // Multiply-adds on registers alone, with the instructions of dot_rows and of dot_block; `line` is
    // 64 bytes of any codes. Return how many were done.
    uint64_t (*multiply_adds[kWidths])(size_t rounds, const void* line);
    uint64_t (*block_multiply_adds[kWidths])(size_t rounds, const void* line);
    // Reads rows in the order of dot_rows and with its prefetches. Returns a checksum.
    uint32_t (*read_rows)(const Rows&, const uint32_t* ids, size_t count);
};

struct Engine {
    const char* name;
    const char* (*missing)();  // why it can't run here, or null
    Kernels kernels[kWidths];
    QuantizeKernels quantizing;
    Probes probes;

    const Kernels& operator[](Width width) const { return kernels[static_cast<size_t>(width)]; }
};

// All that were compiled for this processor family, the most portable first.
std::span<const Engine* const> engines();

// The one in use: the best available, or the one that VECQ_ISA names; throws if that one is missing.
const Engine& active_engine();

}  // namespace vecq
