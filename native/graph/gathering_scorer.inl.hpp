// The node scorer that gathers rows: it maps queued nodes to rows at any position, prefetches them
// and scores sixteen at a time. walk.inl.hpp documents the concept.
//
// RowScorer is a concept that knows one query:
//   prefetch(rows, count)               prefetches rows
//   prefetch_distance()                 the number of rows to prefetch ahead of the scored ones
//   score(rows, count, bound, scores)   scores up to sixteen rows; returns a mask of scores > bound

template <class RowScorer>
class GatheringScorer {
public:
    static constexpr size_t kGroup = 16;

    GatheringScorer() = default;
    explicit GatheringScorer(const RowScorer& scorer) : scorer_(scorer) {}

    void begin(NodeScratch& scratch) { scratch_ = &scratch; }

    void enter_layer(const GraphView& graph, size_t layer_number) {
        layer_rows_ = graph.layers[layer_number].rows;
        row_count_ = graph.layers[0].count;
        waiting_ = prefetched_ = 0;
    }

    [[gnu::always_inline]] uint32_t* free_slots() { return scratch_->nodes + waiting_; }

    [[gnu::always_inline]] void enqueue(size_t count) {
        if (layer_rows_ != nullptr) {
            const uint32_t* nodes = scratch_->nodes + waiting_;
            const auto last = static_cast<uint32_t>(row_count_ - 1);
            for (size_t i = 0; i < count; ++i)  // a file may hold any row
                scratch_->rows[waiting_ + i] = std::min(layer_rows_[nodes[i]], last);
        }
        waiting_ += count;
    }

    [[gnu::always_inline]] void prefetch_group() { prefetch(prefetched_ + kGroup); }

    template <class Bound, class Offer, class EndGroup>
    [[gnu::always_inline]] size_t score_waiting(GatheringScorer* next, Bound&& bound, Offer&& offer,
                                                EndGroup&& end_group) {
        pad_to_group();
        for (size_t first = 0; first < waiting_; first += kGroup) {
            prefetch(first + scorer_.prefetch_distance());
            if (next != nullptr) next->prefetch_group();
            const size_t count = std::min(kGroup, waiting_ - first);
            alignas(64) float scores[kGroup];
            uint32_t better = scorer_.score(rows() + first, count, bound(), scores);
            for (; better != 0; better &= better - 1) {
                const auto i = static_cast<size_t>(std::countr_zero(better));
                offer(scores[i], scratch_->nodes[first + i]);
            }
            end_group(first + kGroup >= waiting_);
        }
        prefetched_ = 0;
        return std::exchange(waiting_, 0);
    }

private:
    uint32_t* rows() { return layer_rows_ == nullptr ? scratch_->nodes : scratch_->rows; }

    // Prefetches the waiting rows below `end` that were not prefetched yet.
    [[gnu::always_inline]] void prefetch(size_t end) {
        end = std::min(end, waiting_);
        if (prefetched_ >= end) return;
        scorer_.prefetch(rows() + prefetched_, end - prefetched_);
        prefetched_ = end;
    }

    // Repeats the last row: a row scorer reads whole groups.
    [[gnu::always_inline]] void pad_to_group() {
        for (size_t i = waiting_; i % kGroup != 0; ++i) rows()[i] = rows()[waiting_ - 1];
    }

    RowScorer scorer_;
    NodeScratch* scratch_;
    const uint32_t* layer_rows_;  // the row of each node of the layer; null: the node id
    size_t row_count_;
    size_t waiting_, prefetched_;  // numbers of queued nodes
};
