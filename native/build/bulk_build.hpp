// Builds the graph of an empty index from block products instead of walks.
#pragma once

#include <optional>

#include "base/task.hpp"
#include "build/bulk_layer.hpp"

namespace vecq {

class BulkBuild {
public:
    // Links the first `rows` rows, which are staged in link order and have nodes: those of each
    // layer are the first rows of the table.
    BulkBuild(IndexState& state, size_t rows);

    // Works for about 50 ms. Nothing else may read or write the graph meanwhile.
    void step(size_t threads);
    bool is_done() const { return !layer_ && next_layer_ == 0; }
    double done() const;

private:
    size_t rows_of(size_t layer) const;

    IndexState& state_;
    const size_t rows_;
    size_t next_layer_;  // layers below this one are left
    std::optional<BulkLayer> layer_;
    size_t nodes_ = 0, nodes_done_ = 0;
};

}  // namespace vecq
