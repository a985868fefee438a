// Changes an index: adds, replaces, removes and imports rows, and repairs the graph afterwards.
//
// Life cycle of rows: `stage` encodes them behind the visible rows; `link` puts them into the
// graph, some per call, in an order of its own, and makes them visible; `settle` ends an addition,
// however far it came, and drops the rows that are not linked. `remove` takes rows out again. After
// changes, `repair` runs what takes as long as the graph is large, some per call.
//
// Locks: the caller holds IndexLocks::changes. Searches run while rows are encoded and links
// written:
//   rows behind the extent of the slots are invisible to them;
//   lists are written link by link, so that walks meet rows that are just being linked or were just
//   removed, and drop them from their results.
// For everything else the builder holds IndexLocks::searches alone. Once it held it, no search is
// left that met a row before it was unlinked: then its slot may be filled again.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/rng.hpp"
#include "build/addition.hpp"
#include "build/entry_points.hpp"
#include "build/graph_import.hpp"
#include "build/graph_repair.hpp"
#include "build/link_workers.hpp"
#include "build/list_repair.hpp"
#include "build/remover.hpp"
#include "rows/builder_state.hpp"

namespace vecq {

class Builder {
public:
    Builder(IndexState& state, IndexLocks& locks);

    bool is_adding() const { return addition_ || state_.rows.has_staged(); }
    // Whether `settle` would change nothing. An index without rows never counts as settled: its
    // codecs may be fitted to rows that were not added.
    bool is_settled() const;
    BuilderState saved_state() const;
    void restore(const BuilderState& saved);

    // With `replacing`, ids may belong to items, which are replaced. Errors number rows from
    // `number`.
    void stage(const float* vectors, size_t count, const int64_t* ids, bool replacing,
               size_t number, size_t threads);
    // Users whose best items the list repair of an inner-product graph connects, besides those of
    // items.
    void sample_users(const float* users, size_t count, size_t number);
    // Links about `rows` staged rows, or repairs lists; done == total ends it.
    Progress link(size_t rows, size_t threads);
    void settle();
    // All of this at once, on one thread. False, and nothing happens, if there are no rows yet.
    bool add_few(const float* vectors, size_t count, const int64_t* ids, bool replacing);
    // Removes items, all or none: an id that is not there is refused.
    void remove(const int64_t* ids, size_t count);

    void import_levels(const uint8_t* levels, size_t count);
    void import_links(size_t layer, const LinkLists& lists);
    void import_adopt(uint32_t entry);

    // How many rows may be unreachable because repairs are put off.
    size_t unreachable_allowance() const;
    // A step of the pass that is due; done == total if none is.
    Progress repair(size_t threads);
    // Has the next repair look at all rows.
    void require_repair() { rows_since_repair_ = state_.rows.slots().extent(); }
    // Forgets all rows, but for ids: those that were given are not given again.
    void start_over();
    // After codes were made again: rows leave an inner-product graph or enter it by their new
    // norms.
    void update_near_zero();
    // After rows moved to other places.
    void rows_moved();

private:
    void stage_ids(const int64_t* ids, size_t count, bool replacing, size_t number);
    void truncate(size_t rows);
    bool begin_linking();
    size_t slots_to_fill(size_t count) const;
    std::vector<uint8_t> draw_levels(size_t count);
    std::vector<uint32_t> link_order(const std::vector<uint8_t>& levels, size_t count) const;
    void fill_slots(Addition& addition, size_t count);
    void keep_near_zero_out(Addition& addition) const;
    void link_next(size_t rows, size_t threads);
    void link_entries();
    void link_range(size_t to, size_t threads, size_t interleaved);
    static size_t rows_linked_alone(size_t rows_before);
    void show(size_t to);
    void show_next(std::vector<uint32_t>& hidden);
    void retire_entry(uint32_t row);
    void unlink(const std::vector<uint32_t>& hidden);
    void finish_linking();
    void begin_list_repair(std::span<const uint32_t> rows);
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
    std::vector<float> users_;  // of the next addition
    std::unique_ptr<Addition> addition_;
    std::optional<ListRepair> list_repair_;
    std::optional<GraphImport> import_;
    std::optional<GraphRepair> graph_repair_;  // reset by every change
    size_t rows_since_repair_ = 0;
    bool has_torn_links_ = false;          // linking failed midway
    bool has_outdated_near_zero_ = false;  // moving near-zero rows failed midway
};

}  // namespace vecq
