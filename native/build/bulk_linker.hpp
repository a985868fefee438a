// What bulk building does with the rows of a layer: offers candidates to them, selects and writes
// their links. BulkLayer calls the functions stage by stage.
//
// Only the rows of one slab have reservoirs, which are larger than the lists that result.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "build/bulk_equal_rows.hpp"
#include "build/bulk_far.hpp"
#include "build/bulk_heads.hpp"
#include "build/bulk_recipe.hpp"
#include "build/bulk_reservoirs.hpp"

namespace vecq {

class BulkLinker {
public:
    // A stage works on `rows` of the layer, ascending. `worker` is the number of the thread.
    using Stage = void (BulkLinker::*)(size_t worker, std::span<const uint32_t> rows);

    // `equal` outlives this. `originals` are the rows that are no copies.
    BulkLinker(IndexState& state, const BulkEqualRows& equal, const BulkRecipe& recipe,
               size_t layer, size_t rows, size_t slab_rows, std::span<const uint32_t> originals);

    void prepare_workers(size_t count);
    void begin_slab(size_t first, size_t end);

    // Offers to the rows of the slab in a leaf their nearest rows of the leaf, and perhaps the rows
    // to which they are nearest.
    void visit_leaf(size_t worker, std::span<const uint32_t> leaf);
    // Returns those of the rows whose candidates all come after them, but for the first one.
    std::vector<uint32_t> heads_among(std::span<const uint32_t> rows) const;

    // Writes the links that rows of the slab choose themselves. In a flat graph they stand behind
    // the coarse ones, which the list holds already.
    void select(size_t worker, std::span<const uint32_t> rows);
    // Offers any rows to those of their neighbors that lie in the slab.
    void offer(size_t worker, std::span<const uint32_t> rows);
    // Writes the lists of rows of the slab: links to copies, of heads and of the layer above, then
    // those from and to the row, pruned if there are too many.
    void write(size_t worker, std::span<const uint32_t> rows);
    // Writes the lists of copies: links in the tree of the group, then those of the original that
    // lead out of the group.
    void copy(size_t worker, std::span<const uint32_t> rows);

    void set_heads(const BulkHeads& heads) { heads_ = &heads; }

private:
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
        std::vector<uint32_t> others;  // rows whose distances are computed
        std::vector<float> distances;
    };

    void select_one(Worker& worker, uint32_t row, std::span<const Neighbor> far);
    void prefetch_targets(uint32_t row) const;
    void offer_one(Worker& worker, uint32_t row);
    void write_one(Worker& worker, uint32_t row);
    void copy_one(uint32_t row) const;
    size_t prune(Worker& worker, uint32_t row, std::span<const Neighbor> candidates,
                 size_t max_selected, size_t filled) const;
    std::span<const Neighbor> neighbors_of(Worker& worker, uint32_t row) const;
    void merge_candidates(Worker& worker, uint32_t row) const;
    void prefetch_codes(std::span<const uint32_t> rows) const;
    const Layer& layer() const { return state_.graph.layers()[layer_]; }
    std::span<const uint32_t> near_links(uint32_t row) const;
    std::span<const uint32_t> coarse_links(uint32_t row, size_t most) const;
    size_t append_new(uint32_t row, std::span<const uint32_t> links, size_t count) const;
    void clear_behind(uint32_t row, size_t count) const;

    IndexState& state_;
    const BulkEqualRows& equal_;
    const BulkRecipe recipe_;
    const size_t layer_, rows_;
    const bool is_flat_;
    // In leaves each pair is offered to both of its rows, not to the row that finds the other only.
    const bool offers_both_ways_;
    const ScoredRows scored_;
    const LinkDistance distance_;
    size_t slab_first_ = 0, slab_end_ = 0;
    BulkReservoirs reservoirs_;
    // Per row: the place in its list behind which links to near rows begin.
    std::vector<uint16_t> first_near_;
    const BulkHeads* heads_ = nullptr;
    std::optional<BulkFar> far_;
    std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace vecq
