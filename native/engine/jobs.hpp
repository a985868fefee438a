// The inputs of an engine's graph and scan functions.
#pragma once

#include <span>

#include "base/layout.hpp"
#include "base/row_affine.hpp"
#include "base/slice.hpp"
#include "graph/link.hpp"
#include "quant/query.hpp"
#include "quant/rows.hpp"
#include "kernels/top_k.hpp"

namespace vecq {

struct ScoredRows {
    Rows rows;
    size_t dim;
    const Affine* affine;                  // one per row
    const BiasedAffine* biased = nullptr;  // the same with biases; null: no item has one
    // Affines for dots with the upper plane of codes, or the upper two; null: `affine`. With biases
    // the affines beside them serve for all.
    const Affine* walk_affine = nullptr;
    const Affine* scan_affine = nullptr;
    // Where rows hold the affine for dots with their only or upper plane; `walk_affine` is null
    // then.
    RowAffine row_affine = {};
};

// The similarity under which rows are linked. The affine map of row i also makes it a query:
//     score(i, j) = a[j] * (factor * a[i] * dot) + (bias * c[j] + bias * c[i])
struct LinkMeasure {
    float factor, bias;
};

// Decides how deep the walks of a job go.
class DepthControl {
public:
    // Takes the results of a walk that is over, best first. Returns the effort with which it
    // continues.
    virtual WalkEffort next_effort(size_t query, std::span<const Key> found) = 0;

protected:
    ~DepthControl() = default;
};

struct SearchJob {
    GraphView graph;
    ScoredRows scored;
    std::span<const EncodedQuery> queries;
    size_t width;  // the beam width (ef)
    StopRule stop;
    const RowFilter* filters;        // one per query, or null
    std::span<WalkScratch> scratch;  // one per interleaved walk, at most kMaxInterleaved
    Key* found;                      // `width` per query, best first; unused with `depth`
    size_t* found_counts;            // one per query; unused with `depth`
    Slice slice = {};                // no walk begins after its end
    DepthControl* depth = nullptr;   // null: no walk continues
};

// A scan of some rows for one query. Rows that beat the bound of `best` are inserted into it.
struct RowScanJob {
    ScoredRows scored;
    EncodedQuery query;
    std::span<const uint32_t> rows;
    const RowFilter* filter;  // or null
    TopK* best;
};

struct RowLinkJob {
    LinkJob link;
    ScoredRows scored;
    LinkMeasure measure;
    std::span<const uint32_t> rows;  // the rows to link
    size_t interleaved;              // number of interleaved walks, at most kMaxInterleaved
};

}  // namespace vecq
