// Changes an index: adds, replaces, removes and imports rows, and repairs the graph.
//
// Life cycle of rows: `stage` encodes them behind the visible rows; `link` inserts them into the
// graph in link order, some per call, and makes them visible; `settle` ends an addition at any
// point and drops rows that are not linked. `remove` removes rows. After changes, `repair` runs
// passes over the whole graph, a step per call.
//
// Locks: the caller holds IndexLocks::changes. Searches run while rows are encoded and links
// written: rows behind the extent of the slots are invisible to them, and walks drop rows from
// their results that are being linked or were just removed. For all other work the builder holds
// IndexLocks::searches to write. After it has held it, no search is left that read a link to a row
// before it was unlinked: only then is its slot filled again.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/rng.hpp"
#include "build/addition.hpp"
#include "build/bulk_build.hpp"
#include "build/bulk_order.hpp"
#include "build/entry_points.hpp"
#include "build/graph_import.hpp"
#include "build/graph_repair.hpp"
#include "build/link_workers.hpp"
#include "build/list_repair.hpp"
#include "build/remover.hpp"
#include "rows/attribute_values.hpp"
#include "rows/builder_state.hpp"

namespace vecq {

class Builder {
public:
    Builder(IndexState& state, IndexLocks& locks);

    bool is_adding() const { return addition_ || state_.rows.has_staged(); }
    // Whether `settle` would change nothing. Always false for an index without rows: its codecs may
    // be fitted to rows that were not added.
    bool is_settled() const;
    BuilderState saved_state() const;
    void restore(const BuilderState& saved);

    // Encodes rows. With `replacing`, ids may belong to items, which are then replaced. Errors
    // number rows from `number`.
    void stage(const float* vectors, size_t count, const int64_t* ids, bool replacing,
               size_t number, size_t threads);
    // Gives the last `count` staged rows attributes, the same ones for all rows of an addition.
    void stage_attributes(std::span<const GivenValues> given, size_t count);
    // Adds users to the sample of the next list repair, which connects their best items.
    void sample_users(const float* users, size_t count, size_t number);
    // Gives the biases of the vectors of the next call of `stage`.
    void give_biases(std::span<const float> biases);
    // Chooses how the next addition is linked. Refuses `bulk` where that is not possible.
    void choose_build(BuildMethod method);
    // Links about `rows` staged rows, or runs a part of a bulk build or a step of list repair.
    // Complete if done == total.
    Progress link(size_t rows, size_t threads);
    void settle();
    // Stages, links and settles on one thread. Returns false and does nothing if the index is
    // empty.
    bool add_few(const float* vectors, size_t count, const int64_t* ids, bool replacing);
    // Removes items. Throws for an unknown or repeated id; then nothing changes.
    void remove(const int64_t* ids, size_t count);

    void import_levels(const uint8_t* levels, size_t count);
    void import_links(size_t layer, const LinkLists& lists);
    void import_adopt(uint32_t entry);

    // Number of rows that may be unreachable because repair passes are deferred.
    size_t unreachable_allowance() const;
    // Runs a step of the repair pass that is due. done == total if none is.
    Progress repair(size_t threads);
    // Makes a repair pass due.
    void require_repair() { rows_since_repair_ = state_.rows.slots().extent(); }
    // Drops all rows. Keeps the largest id, so that ids are not reused.
    void start_over();
    // Called after a refit: moves rows out of an inner-product graph or into it by their new norms.
    void update_near_zero();
    // Called after a compaction has renumbered rows.
    void rows_moved();

private:
    void stage_ids(const int64_t* ids, size_t count, bool replacing, size_t number);
    void stage_biases(size_t first, std::span<const float> given, bool replacing);
    void show_bias(uint32_t row, uint32_t replaced);
    void settle_biases();
    void truncate(size_t rows);
    std::optional<double> prepare(size_t threads);
    bool begin_linking();
    size_t slots_to_fill(size_t count) const;
    std::vector<uint8_t> draw_levels(size_t count);
    std::vector<uint32_t> rows_in_order(size_t count);
    void fill_slots(Addition& addition, size_t count);
    void keep_near_zero_out(Addition& addition) const;
    void link_next(size_t rows, size_t threads);
    bool builds_in_bulk(size_t rows) const;
    void build_some(size_t threads);
    void link_entries();
    void link_range(size_t to, size_t threads, size_t interleaved);
    static size_t rows_linked_alone(size_t rows_before);
    void show(size_t to);
    void show_next(std::vector<uint32_t>& hidden);
    void retire_entry(uint32_t row);
    void unlink(const std::vector<uint32_t>& hidden);
    void finish_linking(size_t samples);
    void begin_list_repair(std::span<const uint32_t> rows, size_t samples);
    void move_out_of_graph();
    void move_into_graph();
    void drop_unlinked(const Addition* addition);
    std::vector<uint32_t> rows_to_remove(const int64_t* ids, size_t count);
    void hide_some(std::span<const uint32_t> rows, std::vector<uint32_t>& hidden);
    bool needs_repair() const;
    void redirect_all_links();

    IndexState& state_;
    IndexLocks& locks_;
    EntryPoints entries_;
    LinkWorkers workers_;
    Remover remover_;
    Random level_rng_;
    std::vector<float> given_biases_;  // see give_biases()
    std::vector<float> users_;         // samples for the next addition's list repair
    BuildMethod build_method_ = BuildMethod::automatic;  // of the next addition
    std::unique_ptr<Addition> addition_;
    std::optional<BulkOrder> bulk_order_;  // of staged rows that will be built in bulk
    std::optional<BulkBuild> bulk_build_;  // of the addition, unless it is linked row by row
    std::optional<ListRepair> list_repair_;
    std::optional<GraphImport> import_;
    std::optional<GraphRepair> graph_repair_;  // reset by every change
    size_t rows_since_repair_ = 0;
    bool has_torn_links_ = false;          // linking failed midway
    bool has_outdated_near_zero_ = false;  // moving near-zero rows failed midway
};

}  // namespace vecq
