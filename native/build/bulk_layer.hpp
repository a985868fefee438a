// Builds the lists of one layer in bulk, over rows that are the first ones of the table.
//
//   split: divide the rows into overlapping leaves
//   for each slab of rows:   leaves: offer the nearest rows of each leaf to the reservoirs
//                          > select: prune each reservoir and write the chosen links
//   heads: find links between clusters
//   for each slab of rows:   offer: offer the links that lead into the slab back to their targets
//                          > write: prune and write the lists
//   copies: write the lists of equal rows
//
// Only the rows of one slab have reservoirs, which are larger than the lists that result.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "build/bulk_equal_rows.hpp"
#include "build/bulk_far.hpp"
#include "build/bulk_heads.hpp"
#include "build/bulk_partition.hpp"
#include "build/bulk_reservoirs.hpp"

namespace vecq {

class BulkLayer {
public:
    // Builds over the first `rows` rows; `equal` outlives this.
    BulkLayer(IndexState& state, const BulkEqualRows& equal, size_t layer, size_t rows);

    // Does a part of the work, some tens of milliseconds at most.
    void step(size_t threads);
    bool is_done() const { return stage_ == Stage::done; }
    double done() const;

private:
    enum class Stage { split, leaves, select, heads, offer, write, copies, done };
    struct Offer {
        uint16_t target;  // column of a leaf
        Neighbor neighbor;
    };
    // Scratch memory of a thread.
    struct Worker {
        Worker(const IndexState& state, size_t query_bytes, size_t max_links, size_t capacity)
            : columns(state), query_codes(query_bytes), selected(max_links), own(capacity) {}

        void sort_offers(size_t columns_count);

        BulkColumns columns;
        std::vector<Offer> offers;  // of a leaf
        std::vector<uint32_t> starts;
        Memory query_codes;
        std::vector<Neighbor> selected, candidates;
        std::vector<Neighbor> own;     // of the reservoir of a row
        std::vector<uint32_t> rows;    // to process
        std::vector<uint32_t> others;  // rows whose distances are computed
        std::vector<float> distances;
    };

    void begin_slab(size_t first);
    void end_slab(Stage same, Stage next);
    void end_stage();
    void find_candidates(size_t workers);
    void process_rows(size_t workers, size_t end);
    void process(Worker& worker, size_t number, size_t first, size_t end);
    void visit_leaf(Worker& worker, std::span<const uint32_t> leaf);
    void select(Worker& worker, uint32_t row, std::span<const Neighbor> far);
    void offer(Worker& worker, uint32_t row);
    void write(Worker& worker, uint32_t row);
    void add_heads();
    void prefetch_codes(std::span<const uint32_t> rows) const;
    std::span<const uint32_t> near_links(uint32_t row) const;
    std::span<const Neighbor> neighbors_of(Worker& worker, uint32_t row) const;
    void merge_candidates(Worker& worker, uint32_t row);
    size_t append_new(uint32_t row, std::span<const uint32_t> links, size_t count) const;
    std::span<const uint32_t> coarse_links(uint32_t row) const;
    void clear_behind(uint32_t row, size_t count) const;
    void copy_links(uint32_t row) const;
    size_t prune(Worker& worker, uint32_t row, std::span<const Neighbor> candidates,
                 size_t max_selected, size_t filled);
    void prepare_workers(size_t count);

    IndexState& state_;
    const BulkEqualRows& equal_;
    const BulkRecipe recipe_;
    const size_t layer_, rows_, slab_rows_;
    // In leaves each pair is offered to both of its rows, not to the row that finds the other only.
    // With one slab this takes no further products.
    const bool offers_both_ways_;
    const std::vector<uint32_t> originals_;
    const ScoredRows scored_;
    const LinkDistance distance_;
    Stage stage_ = Stage::split;
    size_t slab_first_ = 0, slab_end_ = 0;
    size_t next_ = 0;  // first row, or leaf, that the present stage has not processed
    std::optional<BulkPartition> partition_;
    std::vector<BulkPartition::Leaf> leaves_;
    std::optional<BulkReservoirs> reservoirs_;
    // Per row: the place in its list behind which links to near rows begin.
    std::vector<uint16_t> first_near_;
    std::vector<uint32_t> head_rows_;
    std::optional<BulkHeads> heads_;
    std::optional<BulkFar> far_;
    std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace vecq
