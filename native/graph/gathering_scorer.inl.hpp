// The node scorer that gathers rows: it maps nodes to rows at any position and scores sixteen at a
// time. walk.inl.hpp documents the concept.
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

    void enter_layer(const GraphView& graph, size_t layer_number) {
        layer_rows_ = graph.layers[layer_number].rows;
        last_row_ = static_cast<uint32_t>(graph.layers[0].count - 1);
    }

    size_t prefetch_distance() const { return scorer_.prefetch_distance(); }

    [[gnu::always_inline]] void prefetch(const uint32_t* nodes, size_t count) const {
        if (layer_rows_ == nullptr) return scorer_.prefetch(nodes, count);
        for (size_t i = 0; i < count; ++i) {
            const uint32_t row = row_of(nodes[i]);
            scorer_.prefetch(&row, 1);
        }
    }

    [[gnu::always_inline]] uint32_t score(const uint32_t* nodes, size_t count, float bound,
                                          float* scores) const {
        if (layer_rows_ == nullptr) return scorer_.score(nodes, count, bound, scores);
        uint32_t rows[kGroup];
        for (size_t i = 0; i < kGroup; ++i) rows[i] = row_of(nodes[i]);
        return scorer_.score(rows, count, bound, scores);
    }

private:
    // A file may hold any row.
    uint32_t row_of(uint32_t node) const { return std::min(layer_rows_[node], last_row_); }

    RowScorer scorer_;
    const uint32_t* layer_rows_;  // the row of each node of the layer; null: the node id
    uint32_t last_row_;
};
