// Rows of codes that can be scored, and what the graph's functions of an engine are given.
#pragma once

#include <span>

#include "base/layout.hpp"
#include "base/slice.hpp"
#include "graph/link.hpp"
#include "quant/query.hpp"
#include "quant/rows.hpp"
#include "scan/best.hpp"

namespace vecq {

struct ScoredRows {
    Rows rows;
    const Affine* affine;  // of each row
};

// How rows are compared with each other: a row's affine makes it a query as well,
//     score(i, j) = a[j] * (factor * a[i] * dot) + (bias * c[j] + bias * c[i])
struct LinkMeasure {
    float factor, bias;
};

struct SearchJob {
    GraphView graph;
    ScoredRows scored;
    std::span<const EncodedQuery> queries;
    size_t width;  // the best so many are found
    Stop stop;
    const Gate* gates;               // of each query, or null
    std::span<WalkScratch> scratch;  // as many walks take turns, at most kMostTurns
    Key* found;                      // `width` for each query, the best first
    size_t* found_counts;
    Slice slice = {};  // once it is over, no more walks begin
};

// Scores of some rows for one query, to be kept if they are good enough.
struct RowScanJob {
    ScoredRows scored;
    EncodedQuery query;
    std::span<const uint32_t> rows;
    const Gate* gate;  // or null
    Best* best;
};

struct RowLinkJob {
    LinkJob link;
    ScoredRows scored;
    LinkMeasure measure;
    std::span<const uint32_t> rows;  // to be linked
    size_t turns;                    // so many of them are looked for at the same time
};

}  // namespace vecq
