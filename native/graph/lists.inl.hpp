// Lists of links: of candidates diverse ones are chosen, and a list that is full is chosen anew.
//
// Nodes knows all rows:
//   scorer(row, slot)   a Scorer for that row as the query; it lives until the slot is used again
//   same(a, b)          whether two rows are equal

template <class Nodes>
class Lists {
    using Scorer = typename Nodes::Scorer;

public:
    // Two slots of `nodes` are its own, from `slot` on.
    static constexpr size_t kSlots = 2;

    Lists(Locks& locks, const uint64_t* taken, ListScratch& scratch, Nodes& nodes, size_t slot)
        : locks_(locks), taken_(taken), scratch_(scratch), nodes_(nodes), slot_(slot) {}

    // Whether a row is there to be linked to.
    bool holds(uint32_t row) const {
        return taken_ == nullptr || (taken_[row / 64] >> row % 64 & 1) != 0;
    }

    // Of the candidates, best first, those that are closer to `node` than to any chosen before. Of rows
    // equal to its own one is enough: more would leave no room for links that lead elsewhere.
    std::span<const uint32_t> choose(const Layer& layer, std::span<const Key> candidates,
                                     uint32_t node, size_t most) {
        const uint32_t own = layer.row_of(node);
        size_t count = 0;
        bool twin = false;
        compared_ = 0;
        for (const Key key : candidates) {
            const uint32_t candidate = node_of(key), row = layer.row_of(candidate);
            if (candidate == node || !holds(row)) continue;
            if (nodes_.same(row, own)) {
                if (std::exchange(twin, true)) continue;
            } else {
                if (is_near_compared(row, score_of(key))) continue;
                compare(row);
            }
            scratch_.chosen[count++] = candidate;
            if (count == most) break;
        }
        return {scratch_.chosen, count};
    }

    void add(const Layer& layer, uint32_t from, uint32_t to) {
        const auto held = locks_.hold(from);
        const uint32_t* list = layer.list(from);
        size_t count = 0;
        for (; count < layer.degree && list[count] != kNone; ++count)
            if (list[count] == to) return;
        if (count < layer.degree)
            layer.set(from, count, to);
        else
            choose_anew(layer, from, to);
    }

    // Puts up to `most` of the candidates into the place of a link that leads nowhere any more: the
    // nearest that are closer to `from` than to what it links to already.
    void replace(const Layer& layer, uint32_t from, uint32_t gone,
                 std::span<const uint32_t> candidates, size_t most) {
        const auto held = locks_.hold(from);
        const uint32_t* list = layer.list(from);
        const size_t count = layer.remove(from, gone);
        compared_ = 0;
        for (size_t i = 0; i < count; ++i)
            if (list[i] < layer.count) compare(layer.row_of(list[i]));  // it may be a file's
        const size_t end = std::min(count + most, layer.degree);
        size_t next = count;
        for (const Key key : by_score(layer, from, candidates)) {
            const uint32_t node = node_of(key), row = layer.row_of(node);
            if (next == end) break;
            if (node == from || !holds(row) || std::find(list, list + next, node) != list + next)
                continue;
            if (is_near_compared(row, score_of(key))) continue;
            compare(row);
            layer.set(from, next++, node);
        }
    }

private:
    void compare(uint32_t row) {
        uint32_t* rows = scratch_.rows;
        if (compared_ % 16 == 0) std::fill_n(rows + compared_, 16, row);
        rows[compared_++] = row;
    }

    // Whether a row is closer than the bound to one of those that it is compared with.
    bool is_near_compared(uint32_t row, float bound) {
        const Scorer scorer = nodes_.scorer(row, slot_);
        alignas(64) float scores[16];
        for (size_t first = 0; first < compared_; first += 16)
            if (scorer.score(scratch_.rows + first, std::min<size_t>(16, compared_ - first), bound,
                             scores) != 0)
                return true;
        return false;
    }

    // The best first, by how near they are to `node`; at most kMaxDegree + 1.
    std::span<const Key> by_score(const Layer& layer, uint32_t node,
                                  std::span<const uint32_t> candidates) {
        const size_t count = candidates.size();
        uint32_t nodes[kMaxDegree + 16], rows[kMaxDegree + 16];
        const auto last = static_cast<uint32_t>(layer.count - 1);
        for (size_t i = 0; i < (count + 15) / 16 * 16; ++i) {
            nodes[i] = std::min(candidates[std::min(i, count - 1)], last);  // it may be a file's
            rows[i] = layer.row_of(nodes[i]);
        }
        const Scorer scorer = nodes_.scorer(layer.row_of(node), slot_ + 1);
        scorer.ask(rows, count);
        Frontier& sorted = scratch_.sorted;
        sorted.begin(count);
        for (size_t first = 0; first < count; first += 16) {
            alignas(64) float scores[16];
            const size_t now = std::min<size_t>(16, count - first);
            scorer.score(rows + first, now, sorted.worst(), scores);
            for (size_t i = 0; i < now; ++i) sorted.offer(scores[i], nodes[first + i]);
            sorted.settle();
        }
        return sorted.keys();
    }

    void choose_anew(const Layer& layer, uint32_t from, uint32_t to) {
        const uint32_t* list = layer.list(from);
        uint32_t nodes[kMaxDegree + 1];
        std::copy_n(list, layer.degree, nodes);
        nodes[layer.degree] = to;
        const std::span<const Key> keys = by_score(layer, from, {nodes, layer.degree + 1});
        const std::span<const uint32_t> kept = choose(layer, keys, from, layer.degree);
        for (size_t i = 0; i < layer.degree; ++i)
            layer.set(from, i, i < kept.size() ? kept[i] : kNone);
    }

    Locks& locks_;
    const uint64_t* taken_;
    ListScratch& scratch_;
    Nodes& nodes_;
    size_t slot_, compared_ = 0;
};
