// Selects and prunes neighbor lists; no other file prunes one. The rule is the heuristic of HNSW
// (Algorithm 4 of Malkov and Yashunin): it keeps a candidate only if the candidate is nearer to the
// node than to every kept neighbor.
//
// Nodes is a concept over all rows:
//   scorer(row, slot)   a row scorer with the row as query, valid until the next call for the slot
//   are_equal(a, b)     whether two rows are equal

template <class Nodes>
class NeighborLists {
    using Scorer = typename Nodes::Scorer;

public:
    // NeighborLists uses the slots `slot` and `slot` + 1 of `nodes`.
    static constexpr size_t kSlots = 2;

    NeighborLists(ListLocks& locks, const uint64_t* linkable, ListScratch& scratch, Nodes& nodes,
                  size_t slot)
        : locks_(locks), linkable_(linkable), scratch_(scratch), nodes_(nodes), slot_(slot) {}

    // Whether lists may link to the row.
    bool is_linkable(uint32_t row) const {
        return linkable_ == nullptr || test_bit(linkable_, row);
    }

    // Selects up to `max_count` candidates, given best first, that are nearer to `node` than to
    // every candidate selected before. Selects at most one row equal to its own: more would
    // displace links to other regions.
    std::span<const uint32_t> select_diverse(const Layer& layer, std::span<const Key> candidates,
                                             uint32_t node, size_t max_count) {
        const uint32_t own = layer.row_of(node);
        size_t count = 0;
        bool has_equal = false;
        kept_count_ = 0;
        for (const Key key : candidates) {
            const uint32_t candidate = node_of(key), row = layer.row_of(candidate);
            if (candidate == node || !is_linkable(row)) continue;
            if (nodes_.are_equal(row, own)) {
                if (std::exchange(has_equal, true)) continue;
            } else {
                if (is_occluded(row, score_of(key))) continue;
                keep(row);
            }
            scratch_.chosen[count++] = candidate;
            if (count == max_count) break;
        }
        return {scratch_.chosen, count};
    }

    // Adds a link. A full list is pruned over its links and the new one.
    void add(const Layer& layer, uint32_t from, uint32_t to) {
        const auto guard = locks_.lock(from);
        const uint32_t* list = layer.list(from);
        size_t count = 0;
        for (; count < layer.degree && list[count] != kNone; ++count)
            if (list[count] == to) return;
        if (count < layer.degree)
            layer.set(from, count, to);
        else
            prune(layer, from, to);
    }

    // Replaces the link to a removed node by up to `max_count` candidates: the nearest ones that
    // are nearer to `from` than to its other neighbors.
    void replace(const Layer& layer, uint32_t from, uint32_t removed,
                 std::span<const uint32_t> candidates, size_t max_count) {
        const auto guard = locks_.lock(from);
        const uint32_t* list = layer.list(from);
        const size_t count = layer.remove(from, removed);
        kept_count_ = 0;
        for (size_t i = 0; i < count; ++i)
            if (list[i] < layer.count) keep(layer.row_of(list[i]));  // a file may hold any id
        const size_t end = std::min(count + max_count, layer.degree);
        size_t next = count;
        for (const Key key : sort_by_score(layer, from, candidates)) {
            const uint32_t node = node_of(key), row = layer.row_of(node);
            if (next == end) break;
            if (node == from || !is_linkable(row) ||
                std::find(list, list + next, node) != list + next)
                continue;
            if (is_occluded(row, score_of(key))) continue;
            keep(row);
            layer.set(from, next++, node);
        }
    }

private:
    // Adds a kept neighbor. A new group of sixteen is padded with its first row.
    void keep(uint32_t row) {
        uint32_t* rows = scratch_.rows;
        if (kept_count_ % 16 == 0) std::fill_n(rows + kept_count_, 16, row);
        rows[kept_count_++] = row;
    }

    // Whether the score of the row with a kept neighbor is above the bound.
    bool is_occluded(uint32_t row, float bound) {
        const Scorer scorer = nodes_.scorer(row, slot_);
        alignas(64) float scores[16];
        for (size_t first = 0; first < kept_count_; first += 16)
            if (scorer.score(scratch_.rows + first, std::min<size_t>(16, kept_count_ - first),
                             bound, scores) != 0)
                return true;
        return false;
    }

    // Returns at most kMaxDegree + 1 candidates, sorted by their score with `node`, best first.
    std::span<const Key> sort_by_score(const Layer& layer, uint32_t node,
                                       std::span<const uint32_t> candidates) {
        const size_t count = candidates.size();
        uint32_t nodes[kMaxDegree + 16], rows[kMaxDegree + 16];
        const auto last = static_cast<uint32_t>(layer.count - 1);
        for (size_t i = 0; i < (count + 15) / 16 * 16; ++i) {
            nodes[i] =
                std::min(candidates[std::min(i, count - 1)], last);  // a file may hold any id
            rows[i] = layer.row_of(nodes[i]);
        }
        const Scorer scorer = nodes_.scorer(layer.row_of(node), slot_ + 1);
        scorer.prefetch(rows, count);
        Beam& sorted = scratch_.sorted;
        sorted.begin(count, layer.count);
        for (size_t first = 0; first < count; first += 16) {
            alignas(64) float scores[16];
            const size_t group = std::min<size_t>(16, count - first);
            scorer.score(rows + first, group, sorted.worst(), scores);
            insert_keys<KeyVectors>(sorted, 0xffffU >> (16 - group), scores, nodes + first);
        }
        return sorted.plain_keys();
    }

    // Prunes a full list over its links and the new link `to`.
    void prune(const Layer& layer, uint32_t from, uint32_t to) {
        const uint32_t* list = layer.list(from);
        uint32_t nodes[kMaxDegree + 1];
        std::copy_n(list, layer.degree, nodes);
        nodes[layer.degree] = to;
        const std::span<const Key> keys = sort_by_score(layer, from, {nodes, layer.degree + 1});
        const std::span<const uint32_t> kept = select_diverse(layer, keys, from, layer.degree);
        for (size_t i = 0; i < layer.degree; ++i)
            layer.set(from, i, i < kept.size() ? kept[i] : kNone);
    }

    ListLocks& locks_;
    const uint64_t* linkable_;
    ListScratch& scratch_;
    Nodes& nodes_;
    size_t slot_;
    size_t kept_count_ = 0;  // rows at the start of scratch_.rows, in groups of sixteen
};
