// The effort of a search by default and for a target recall, one rule for all languages.
#pragma once

#include <algorithm>
#include <cstddef>

#include "base/layout.hpp"
#include "rows/recall_curve.hpp"

namespace vecq {

// Beam width without a target recall. Walks over the upper plane of codes find the best rows among
// more candidates.
size_t default_ef(size_t k, bool has_planes);

// The best candidates of a walk over the upper plane to rescore with all planes.
size_t plane_candidates(size_t k);

// Probes without a target recall, for cells of `rows` rows in all.
size_t default_probes(size_t k, size_t rows, size_t cells);

// Candidates to rescore on the rerank codes for k results, from search codes of this width: as
// measured, with more as the index grows, or by default.
size_t rerank_width(const RecallCurve& curve, Width width, size_t k, size_t rows);

// The least beam width that reaches `recall` by a measured curve, for an index that now has `rows`
// items. Between measured k it is interpolated. Throws Error if no measured walk reached the recall
// or the index has grown to more than twice the rows that were measured.
size_t ef_for_recall(const RecallCurve& curve, size_t k, double recall, size_t rows);

// The same of a curve of probes, which may be fewer than k.
size_t probes_for_recall(const RecallCurve& curve, size_t k, double recall, size_t rows);

}  // namespace vecq
