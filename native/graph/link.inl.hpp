// Links rows into a graph: a walk finds candidates, diverse ones of them are chosen, and the links
// are made both ways. What Nodes is tells graph/lists.

template <class Nodes>
class Linker {
    using Scorer = typename Nodes::Scorer;

public:
    static constexpr size_t kSlots = kMostTurns + Lists<Nodes>::kSlots;

    Linker(const LinkJob& job, LinkScratch& scratch, Nodes& nodes)
        : job_(job),
          scratch_(scratch),
          nodes_(nodes),
          lists_(*job.locks, job.taken, scratch.lists, nodes, kMostTurns) {}

    // So many of them at a time as walks take turns; what is linked together does not see each other.
    void link(std::span<const uint32_t> rows, size_t turns) {
        Walk<Scorer> walks[kMostTurns];
        Insertion all[kMostTurns];
        size_t begun = 0;
        turns = std::min(turns, rows.size());
        for (size_t i = 0; i < turns; ++i) begin(all[i], walks[i], i, rows[begun++]);
        take_turns(std::span(walks, turns), [&](size_t i) {
            const std::span<const Key> found = walks[i].found();
            join(all[i], found);
            if (descend(all[i], found)) {
                walk(all[i], walks[i], i);
                return true;
            }
            if (begun == rows.size()) return false;
            begin(all[i], walks[i], i, rows[begun++]);
            return true;
        });
    }

private:
    struct Insertion {
        uint32_t row;
        size_t layer;
        GraphView graph;
        uint32_t entry;  // where the walk one layer up ended
    };

    void begin(Insertion& one, Walk<Scorer>& walker, size_t slot, uint32_t row) {
        one = {row, level_of(job_.graph, row), job_.graph, kNone};
        walk(one, walker, slot);
    }

    void walk(Insertion& one, Walk<Scorer>& walker, size_t slot) {
        walker.begin(scratch_.walks[slot], one.graph, {one.layer, job_.width, {}},
                     nodes_.scorer(one.row, slot));
    }

    void join(const Insertion& one, std::span<const Key> found) {
        const Layer& layer = job_.graph.layers[one.layer];
        const uint32_t node = layer.node_of(one.row);
        uint32_t chosen[kMaxDegree];
        const std::span<const uint32_t> best = lists_.choose(layer, found, node, job_.links);
        const size_t count = best.size();
        std::copy(best.begin(), best.end(), chosen);
        for (size_t i = 0; i < count; ++i) lists_.add(layer, node, chosen[i]);
        for (size_t i = 0; i < count; ++i) lists_.add(layer, chosen[i], node);
    }

    bool descend(Insertion& one, std::span<const Key> found) const {
        if (one.layer == 0) return false;
        one.entry = job_.graph.layers[one.layer].below[node_of(found.front())];
        one.graph.entries = &one.entry;
        one.graph.entry_count = 1;
        one.graph.layer_count = one.layer;
        --one.layer;
        return true;
    }

    const LinkJob& job_;
    LinkScratch& scratch_;
    Nodes& nodes_;
    Lists<Nodes> lists_;
};
