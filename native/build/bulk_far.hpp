// Candidates of a row in a small sample of all rows.
//
// The other candidates all lie near the row. In a flat graph, where queries need the largest inner
// products with items of several clusters, some links must lead from each cluster to others.
#pragma once

#include <algorithm>
#include <memory>
#include <span>
#include <vector>

#include "build/bulk_columns.hpp"

namespace vecq {

class BulkFar {
public:
    // The sample lies evenly between ascending rows.
    BulkFar(const IndexState& state, std::span<const uint32_t> rows, size_t sample, size_t nearest);

    void prepare_workers(size_t count);

    // Calls visit(row, neighbors) for each of `rows`, with the neighbors nearest first.
    template <class Visit>
    void each_row(size_t worker, std::span<const uint32_t> rows, Visit&& visit) {
        BulkColumns& columns = *columns_[worker];
        Neighbor neighbors[kMaxNearest];
        columns.each_nearest(rows, nearest_, [&](size_t i, const BulkColumns::Nearest& nearest) {
            size_t count = 0;
            for (size_t n = 0; n < nearest.columns.size(); ++n)
                if (const uint32_t other = sample_[nearest.columns[n]]; other != rows[i])
                    neighbors[count++] = neighbor_of(nearest.distances[n], other);
            std::sort(neighbors, neighbors + count);
            visit(rows[i], std::span<const Neighbor>(neighbors, count));
        });
    }

private:
    const IndexState& state_;
    const size_t nearest_;
    std::vector<uint32_t> sample_;
    std::vector<std::unique_ptr<BulkColumns>> columns_;  // the sample, per worker
};

}  // namespace vecq
