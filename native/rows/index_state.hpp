// What an index consists of, apart from its locks: searches read it, the builder changes it, files
// hold it.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "base/fair_mutex.hpp"
#include "engine/engine.hpp"
#include "graph/graph.hpp"
#include "rows/cost_model.hpp"
#include "rows/index_options.hpp"
#include "rows/recall_curve.hpp"
#include "rows/row_table.hpp"
#include "rows/sorted_rows.hpp"
#include "storage/mapped_file.hpp"

namespace vecq {

struct IndexState {
    IndexState(const IndexOptions& options, const Codec& codec, const Codec* rerank_codec);

    const IndexOptions options;
    const size_t dim;
    const Kernels& kernels;
    RowTable rows;
    Graph graph;
    SortedRows near_zero;  // rows kept out of an inner-product graph, see LinkMetric::is_near_zero
    CostModel costs = {};
    RecallCurve curve;
    // The file whose arrays are used in place, or null. Until a file is validated, no change trusts
    // it.
    std::shared_ptr<const MappedFile> file;
    bool is_validated = true;

    // False while links may lead to removed rows, or to rows that are being linked.
    bool all_nodes_are_items() const {
        return rows.slots().all_vacant_are_free() && graph.rows() == rows.slots().extent();
    }
    // The number of rows that belong in the graph.
    size_t graph_items() const { return rows.slots().count() - near_zero.size(); }
    // Visible rows in the graph that no walk can reach. O(links).
    std::vector<uint32_t> unreachable_rows() const;
};

// Locks in the order in which they are taken. `changes` is held by one call that changes the index
// at a time. A search holds `searches` to read; a change holds it to write while it publishes what
// searches read, mostly for microseconds.
struct IndexLocks {
    std::mutex changes;
    FairSharedMutex searches;
    // Guarded by `changes`: a task that reads or rebuilds the index in many steps is under way.
    bool is_saving = false, is_rebuilding = false;
};

}  // namespace vecq
