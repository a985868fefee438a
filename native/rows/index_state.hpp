// The state of an index, and its locks: searches read it, the builder changes it, files store it.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "base/fair_mutex.hpp"
#include "engine/engine.hpp"
#include "graph/graph.hpp"
#include "rows/bias_extremes.hpp"
#include "rows/cells.hpp"
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
    Kernels kernels;  // of the search codes
    RowTable rows;
    Graph graph;
    SortedRows near_zero;  // rows kept out of an inner-product graph, see LinkMetric::is_near_zero
    CostModel costs = {};
    RecallCurve curve;
    std::unique_ptr<Cells> cells;  // null: none were made
    BiasExtremes bias_extremes;
    // The mapped file that arrays may lie in, or null. The first change validates it.
    std::shared_ptr<const MappedFile> file;
    bool is_validated = true;

    // Called after the search codes were exchanged: their row layout may be another one.
    void choose_kernels();

    // False while links may lead to removed rows or to rows that are being linked.
    bool all_nodes_are_items() const {
        return rows.slots().all_vacant_are_free() && graph.rows() == rows.slots().extent();
    }
    // Number of items in the graph: all but near-zero rows.
    size_t graph_items() const { return rows.slots().count() - near_zero.size(); }
    // Returns the rows of items. Throws for unknown ids. Thread-safe while nothing changes.
    std::vector<uint32_t> rows_of(const int64_t* ids, size_t count) const;
    // Returns the unreachable items of the graph. O(links).
    std::vector<uint32_t> unreachable_rows() const;
};

// Locks in the order in which they are taken. One changing call at a time holds `changes`. A search
// holds `searches` to read; a change holds it to write while it publishes rows, mostly for
// microseconds.
struct IndexLocks {
    std::mutex changes;
    FairSharedMutex searches;
    // Guarded by `changes`: whether a task that saves or rebuilds the index is in progress.
    bool is_saving = false, is_rebuilding = false;
};

}  // namespace vecq
