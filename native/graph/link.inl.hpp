// Links rows into a graph, layer by layer from the top: a walk finds candidates,
// neighbor_lists.inl.hpp selects diverse ones, and links are added in both directions.
// neighbor_lists.inl.hpp documents Nodes.

template <class Nodes>
class Linker {
    using NodeScorer = GatheringScorer<typename Nodes::Scorer>;

public:
    static constexpr size_t kSlots = kMaxInterleaved + NeighborLists<Nodes>::kSlots;

    Linker(const LinkJob& job, LinkScratch& scratch, Nodes& nodes)
        : job_(job),
          scratch_(scratch),
          nodes_(nodes),
          lists_(*job.locks, job.linkable, scratch.lists, nodes, kMaxInterleaved) {}

    // Links rows with `interleaved` walks at a time. Rows of walks that run together do not find
    // each other.
    void link(std::span<const uint32_t> rows, size_t interleaved) {
        Walk<NodeScorer> walks[kMaxInterleaved];
        Insertion insertions[kMaxInterleaved];
        size_t begun = 0;
        interleaved = std::min(interleaved, rows.size());
        for (size_t i = 0; i < interleaved; ++i) begin(insertions[i], walks[i], i, rows[begun++]);
        interleave(std::span(walks, interleaved), [&](size_t i) {
            const std::span<const Key> found = walks[i].found();
            connect(insertions[i], found);
            if (descend(insertions[i], found)) {
                start_walk(insertions[i], walks[i], i);
                return true;
            }
            if (begun == rows.size()) return false;
            begin(insertions[i], walks[i], i, rows[begun++]);
            return true;
        });
    }

private:
    struct Insertion {
        uint32_t row;
        size_t layer;
        GraphView graph;
        uint32_t entry;  // the nearest node found one layer up
    };

    void begin(Insertion& insertion, Walk<NodeScorer>& walk, size_t slot, uint32_t row) {
        insertion = {row, level_of(job_.graph, row), job_.graph, kNone};
        start_walk(insertion, walk, slot);
    }

    void start_walk(Insertion& insertion, Walk<NodeScorer>& walk, size_t slot) {
        walk.begin(scratch_.walks[slot], insertion.graph, {insertion.layer, job_.width, {}},
                   NodeScorer(nodes_.scorer(insertion.row, slot)));
    }

    void connect(const Insertion& insertion, std::span<const Key> found) {
        const Layer& layer = job_.graph.layers[insertion.layer];
        const uint32_t node = layer.node_of(insertion.row);
        uint32_t chosen[kMaxDegree];
        const std::span<const uint32_t> best =
            lists_.select_diverse(layer, found, node, job_.links);
        const size_t count = best.size();
        std::copy(best.begin(), best.end(), chosen);
        for (size_t i = 0; i < count; ++i) lists_.add(layer, node, chosen[i]);
        for (size_t i = 0; i < count; ++i) lists_.add(layer, chosen[i], node);
    }

    bool descend(Insertion& insertion, std::span<const Key> found) const {
        if (insertion.layer == 0) return false;
        insertion.entry = job_.graph.layers[insertion.layer].below[node_of(found.front())];
        insertion.graph.entries = &insertion.entry;
        insertion.graph.entry_count = 1;
        insertion.graph.layer_count = insertion.layer;
        --insertion.layer;
        return true;
    }

    const LinkJob& job_;
    LinkScratch& scratch_;
    Nodes& nodes_;
    NeighborLists<Nodes> lists_;
};
