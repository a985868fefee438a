// The bodies that every engine compiles over its own lanes, and the tables of function pointers
// that publish them. Included inside the target region and the namespace of an engine.

#include "kernels/dot.inl.hpp"

#include "kernels/block.inl.hpp"
#include "kernels/planes.inl.hpp"
#include "kernels/probe.inl.hpp"

#include "graph/beam.inl.hpp"

#include "graph/walk.inl.hpp"

#include "graph/gathering_scorer.inl.hpp"

#include "graph/neighbor_lists.inl.hpp"

#include "graph/link.inl.hpp"

#include "graph/unlink.inl.hpp"

#include "engine/scorer.inl.hpp"

#include "engine/graph.inl.hpp"

#include "kernels/block_scores.inl.hpp"
#include "kernels/compare.inl.hpp"
#include "kernels/peaks.inl.hpp"
#include "kernels/sift.inl.hpp"

#include "engine/scan.inl.hpp"

#include "engine/bulk.inl.hpp"

#include "engine/diversity.inl.hpp"

#include "quant/hadamard.inl.hpp"
#include "quant/quantize.inl.hpp"

template <class C>
constexpr Kernels kernels_of() {
    return {
        .dot_rows = dot_rows<C>,
        .packed_bytes = packed_bytes<C>,
        .pack_block = pack_block<C>,
        .dot_block = dot_block_of<C>(),
        .search = search<C>,
        .link_scratch_bytes = link_scratch_bytes<C>,
        .link = link<C>,
        .unlink = unlink<C>,
        .row_query_bytes = RowsAsQueries<C>::query_bytes,
        .row_query = as_query<C>,
        .score = score<C>,
        .peaks = peaks<DotOf<C>>,
        .sift = sift<DotOf<C>>,
        .scan_rows = scan_rows<C>,
        .nearest = nearest<DotOf<C>>,
        .distances = distances<C>,
        .prune = prune<C>,
        .pick_diverse = pick_diverse<C>,
    };
}

// The kernels of rows of planes: walks read one plane, links and scans two if there are more,
// rescoring reads all.
template <class Upper, void (*dot_bytes)(const QueryBlock&, const Rows&, void*)>
constexpr Kernels plane_kernels_of() {
    Kernels kernels = kernels_of<typename Upper::ByteCodes>();
    kernels.dot_rows = dot_upper_rows<Upper>;
    kernels.dot_block = dot_block_of_planes<Upper::kPlanes, dot_bytes>;
    kernels.search = search<typename Upper::template Reading<1>>;
    kernels.link_scratch_bytes = link_scratch_bytes<Upper>;
    kernels.link = link<Upper>;
    kernels.unlink = unlink<Upper>;
    kernels.row_query_bytes = RowsAsQueries<Upper>::query_bytes;
    kernels.row_query = as_query<Upper>;
    kernels.score = score<typename Upper::template Reading<Upper::kPlanes>>;
    kernels.scan_rows = scan_rows<Upper>;
    kernels.distances = distances<Upper>;
    kernels.prune = prune<Upper>;
    kernels.pick_diverse = pick_diverse<Upper>;
    return kernels;
}

// dot_rows and dot_block use the same multiply-adds, except where tiles replace the latter, see
// engine/amx_int8.cpp.
template <class... Codes>
constexpr Probes probes_of(uint32_t (*read_rows)(const Rows&, const uint32_t*, size_t)) {
    return {
        .multiply_adds = {multiply_adds<Codes>...},
        .block_multiply_adds = {multiply_adds<Codes>...},
        .read_rows = read_rows,
    };
}

template <class Fp32Codes, class Fp16Codes, class Int16Codes, class Int8Codes, class NibbleCodes>
constexpr Engine engine_of(const char* name, const char* (*missing)()) {
    return {
        .name = name,
        .missing = missing,
        .kernels =
            {kernels_of<Fp32Codes>(), kernels_of<Fp16Codes>(), kernels_of<Int16Codes>(),
             kernels_of<Int8Codes>(),
             plane_kernels_of<PlaneCodes<Int8Codes, NibbleCodes, 3, 2>, dot_block<Int8Codes>>(),
             plane_kernels_of<PlaneCodes<Int8Codes, NibbleCodes, 2, 2>, dot_block<Int8Codes>>(),
             plane_kernels_of<PlaneCodes<Int8Codes, NibbleCodes, 1, 1>, dot_block<Int8Codes>>()},
        .quantizing = {quantize, normalize_exponent, hadamard},
        .probes =
            probes_of<Fp32Codes, Fp16Codes, Int16Codes, Int8Codes, Int8Codes, Int8Codes, Int8Codes>(
                read_rows<typename Int8Codes::Sum>),
        .comparing = {compare<float>, compare<int64_t>, compare<uint8_t>, count_bits},
    };
}
