// Builds the graph of an empty index from block products instead of walks.
#pragma once

#include <optional>
#include <vector>

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
    bool is_done() const { return !layer_ && next_ == parts_.size(); }
    double done() const;

private:
    // A layer, or a part of the only layer of a flat graph: the first rows of the table.
    struct Part {
        size_t layer, rows;
    };

    static std::vector<Part> parts_of(const IndexState& state, size_t rows);

    IndexState& state_;
    BulkEqualRows equal_;
    const std::vector<Part> parts_;
    size_t next_ = 0;  // of parts_
    std::optional<BulkLayer> layer_;
    size_t nodes_ = 0, nodes_done_ = 0;
};

}  // namespace vecq
