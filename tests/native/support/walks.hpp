// Scores of rows by a walk, for tests of kernels.
#pragma once

#include <limits>
#include <numeric>
#include <vector>

#include "engine/engine.hpp"
#include "graphs.hpp"

namespace walks {

// Returns the score of each row in a walk that enters at all of them; infinity if it lacks the row.
inline std::vector<float> scores_of_all(const vecq::Kernels& kernels,
                                        const vecq::EncodedQuery& query,
                                        const vecq::ScoredRows& scored) {
    const size_t rows = scored.rows.count;
    std::vector<uint32_t> ids(rows);
    std::iota(ids.begin(), ids.end(), 0);
    const vecq::Graph graph = graphs::graph_of(2, std::vector<graphs::Nodes>(rows));
    vecq::WalkScratch scratch;
    std::vector<vecq::Key> found(rows);
    size_t count = 0;
    kernels.search({.graph = {graph.layers().data(), 1, ids.data(), rows},
                    .scored = scored,
                    .queries = {&query, 1},
                    .width = rows,
                    .stop = {},
                    .filters = nullptr,
                    .scratch = {&scratch, 1},
                    .found = found.data(),
                    .found_counts = &count});
    std::vector<float> scores(rows, std::numeric_limits<float>::infinity());
    for (size_t i = 0; i < count; ++i) scores[vecq::node_of(found[i])] = vecq::score_of(found[i]);
    return scores;
}

}  // namespace walks
