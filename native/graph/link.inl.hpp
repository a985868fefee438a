// Links rows into a graph: a walk finds candidates, diverse ones of them are chosen, and the links
// are made both ways. A list that is full is chosen anew.
//
// Nodes knows all rows:
//   scorer(row, slot)   a Scorer for that row as the query; it lives until the slot is used again
//   same(a, b)          whether two rows are equal

template <class Nodes>
class Linker {
    using Scorer = typename Nodes::Scorer;
    static constexpr size_t kChooser = kMostTurns, kBase = kMostTurns + 1;

public:
    static constexpr size_t kSlots = kMostTurns + 2;

    Linker(const LinkJob& job, LinkScratch& scratch, Nodes& nodes)
        : job_(job), scratch_(scratch), nodes_(nodes) {}

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
        const size_t level = job_.levels[row - job_.first_row];
        one = {row, std::min(level, job_.graph.layer_count - 1), job_.graph, kNone};
        walk(one, walker, slot);
    }

    void walk(Insertion& one, Walk<Scorer>& walker, size_t slot) {
        walker.begin(scratch_.walks[slot], one.graph, {one.layer, job_.width, {}},
                     nodes_.scorer(one.row, slot));
    }

    void join(const Insertion& one, std::span<const Key> found) {
        const Layer& layer = job_.graph.layers[one.layer];
        const uint32_t node = layer.node_of(one.row);
        const size_t count = choose(layer, found, node, job_.links);
        uint32_t chosen[kMaxDegree];
        std::copy_n(scratch_.chosen, count, chosen);
        for (size_t i = 0; i < count; ++i) add(layer, node, chosen[i]);
        for (size_t i = 0; i < count; ++i) add(layer, chosen[i], node);
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

    // Of the candidates, best first, those that are closer to `node` than to any chosen before. Of rows
    // equal to its own one is enough: more would leave no room for links that lead elsewhere.
    size_t choose(const Layer& layer, std::span<const Key> candidates, uint32_t node, size_t most) {
        const uint32_t own = layer.row_of(node);
        uint32_t* rows = scratch_.rows;
        size_t count = 0, compared = 0;
        bool twin = false;
        for (const Key key : candidates) {
            const uint32_t candidate = node_of(key), row = layer.row_of(candidate);
            if (candidate == node) continue;
            if (nodes_.same(row, own)) {
                if (std::exchange(twin, true)) continue;
            } else {
                if (near_one_of(rows, compared, nodes_.scorer(row, kChooser), score_of(key)))
                    continue;
                if (compared % 16 == 0) std::fill_n(rows + compared, 16, row);
                rows[compared++] = row;
            }
            scratch_.chosen[count++] = candidate;
            if (count == most) break;
        }
        return count;
    }

    static bool near_one_of(const uint32_t* rows, size_t count, const Scorer& scorer, float bound) {
        alignas(64) float scores[16];
        for (size_t first = 0; first < count; first += 16)
            if (scorer.score(rows + first, std::min<size_t>(16, count - first), bound, scores) != 0)
                return true;
        return false;
    }

    void add(const Layer& layer, uint32_t from, uint32_t to) {
        const auto held = job_.locks->hold(from);
        uint32_t* list = layer.list(from);
        size_t count = 0;
        for (; count < layer.degree && list[count] != kNone; ++count)
            if (list[count] == to) return;
        if (count < layer.degree)
            write_link(list[count], to);
        else
            choose_anew(layer, from, to);
    }

    void choose_anew(const Layer& layer, uint32_t from, uint32_t to) {
        uint32_t* list = layer.list(from);
        uint32_t nodes[kMaxDegree + 16], rows[kMaxDegree + 16];
        std::copy_n(list, layer.degree, nodes);
        std::fill_n(nodes + layer.degree, 16, to);
        const size_t count = layer.degree + 1;
        const auto last = static_cast<uint32_t>(layer.count - 1);
        for (size_t i = 0; i < layer.degree + 16; ++i) {
            nodes[i] = std::min(nodes[i], last);  // a list may come from a file
            rows[i] = layer.row_of(nodes[i]);
        }
        const Scorer scorer = nodes_.scorer(layer.row_of(from), kBase);
        scorer.ask(rows, count);
        Frontier& candidates = scratch_.candidates;
        candidates.begin(count);
        for (size_t first = 0; first < count; first += 16) {
            alignas(64) float scores[16];
            const size_t now = std::min<size_t>(16, count - first);
            scorer.score(rows + first, now, candidates.worst(), scores);
            for (size_t i = 0; i < now; ++i) candidates.offer(scores[i], nodes[first + i]);
        }
        const size_t kept = choose(layer, candidates.keys(), from, layer.degree);
        for (size_t i = 0; i < layer.degree; ++i)
            write_link(list[i], i < kept ? scratch_.chosen[i] : kNone);
    }

    const LinkJob& job_;
    LinkScratch& scratch_;
    Nodes& nodes_;
};
