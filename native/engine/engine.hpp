// One Engine per instruction set: the functions that are compiled for it. Higher layers call the
// active engine and never name an instruction set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/layout.hpp"
#include "engine/bulk_jobs.hpp"
#include "engine/diversity_job.hpp"
#include "engine/jobs.hpp"
#include "kernels/compare.hpp"
#include "quant/quantize.hpp"
#include "kernels/sift.hpp"

namespace vecq {

// The functions of an engine for one code width. Dots are float for fp32 and fp16, otherwise
// int32_t.
struct Kernels {
    // Writes dots[i] = query . rows[ids[i]].
    void (*dot_rows)(const Query&, const Rows&, const uint32_t* ids, size_t count, void* dots);

    // Packs up to kBlockQueries queries of `dim` codes and zeroes the rest of the block.
    size_t (*packed_bytes)(size_t dim);
    void (*pack_block)(const Query*, size_t count, size_t dim, void* block);

    // Writes dots[row * kBlockQueries + query]. `dots` is aligned to a cache line.
    void (*dot_block)(const QueryBlock&, const Rows&, void* dots);

    // Answers the first n queries and returns n: at least one, and all unless the slice ended.
    size_t (*search)(const SearchJob&);

    // `link` links rows. `unlink` unlinks one row and returns its nearest row, or kNone.
    // `query_codes` holds link_scratch_bytes(row bytes) bytes, aligned to a cache line.
    size_t (*link_scratch_bytes)(size_t row_bytes);
    void (*link)(const RowLinkJob&, LinkScratch&, std::byte* query_codes);
    uint32_t (*unlink)(const RowLinkJob&, uint32_t row, LinkScratch&, std::byte* query_codes);

    // Returns the row as a query of `dim` codes. `codes` holds row_query_bytes(row bytes) bytes and
    // must outlive the query.
    size_t (*row_query_bytes)(size_t row_bytes);
    Query (*row_query)(const std::byte* row, size_t row_bytes, size_t dim, void* codes);

    // Writes scores[i] = the score of row ids[i].
    void (*score)(const EncodedQuery&, const ScoredRows&, std::span<const uint32_t> ids,
                  float* scores);

    // `peaks` finds the best score per group of rows in a block of dots, `sift` moves the dots that
    // qualify into a top-k, and `scan_rows` scans rows for one query.
    void (*peaks)(const PeakJob&);
    void (*sift)(const SiftJob&);
    void (*scan_rows)(const RowScanJob&);

    // For bulk building: `nearest` finds the nearest columns of rows from blocks of dots,
    // `distances` computes those of few rows, `prune` selects diverse neighbors. `query_codes` as
    // in row_query.
    void (*nearest)(const NearestJob&);
    void (*distances)(const DistancesJob&, std::byte* query_codes);
    size_t (*prune)(const PruneJob&, Neighbor* selected, std::byte* query_codes);

    // Picks results by maximal marginal relevance.
    void (*pick_diverse)(const DiversityJob&);
};

// Upper bounds of the kernels' throughput on a core, for benchmarks and tests. No search calls
// them.
struct Probes {
    // Run multiply-adds on registers only, with the instructions of dot_rows and of dot_block, and
    // return their number. `line` is 64 bytes of any codes.
    uint64_t (*multiply_adds[kWidths])(size_t rounds, const void* line);
    uint64_t (*block_multiply_adds[kWidths])(size_t rounds, const void* line);
    // Reads rows in the order of dot_rows and with its prefetches. Returns a checksum.
    uint32_t (*read_rows)(const Rows&, const uint32_t* ids, size_t count);
};

struct Engine {
    const char* name;
    const char* (*missing)();  // the reason why this processor cannot run it, or null
    Kernels kernels[kWidths];
    QuantizeKernels quantizing;
    Probes probes;
    CompareKernels comparing;

    const Kernels& operator[](Width width) const { return kernels[static_cast<size_t>(width)]; }
};

// Returns all engines of this processor family, the most portable first.
std::span<const Engine* const> engines();

// Returns the last available engine of engines(), or the one that VECQ_ISA names. Throws if that
// one is unknown or this processor cannot run it.
const Engine& active_engine();

}  // namespace vecq
