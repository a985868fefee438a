// Finds the order in which the rows of a bulk build are stored: one leaf of a partition after the
// other, so that a walk finds the rows of neighbors in few cache lines and pages.
#pragma once

#include <vector>

#include "build/bulk_partition.hpp"

namespace vecq {

class BulkOrder {
public:
    // Orders the first `rows` rows, which are staged.
    BulkOrder(IndexState& state, size_t rows);

    // Does a part of the work, some tens of milliseconds, on several threads.
    void step(size_t threads) { partition_.step(threads); }
    bool is_done() const { return partition_.is_done(); }
    // Fraction of the work that is done.
    double done() const { return partition_.done(); }
    // Returns all rows, those of a leaf ascending. Allowed once, when the work is done.
    std::vector<uint32_t> take_rows();

private:
    const size_t rows_;
    BulkPartition partition_;
};

}  // namespace vecq
