// Unlinks a row from a graph. A walk finds most nodes that link to it; each gets replacement
// neighbors from the neighborhood of the row, and each of its former neighbors without another
// in-link gets one. Links that the walk missed point to an empty list until Graph::redirect_links
// redirects them.

template <class Nodes>
class Unlinker {
    using NodeScorer = GatheringScorer<typename Nodes::Scorer>;

public:
    Unlinker(const LinkJob& job, LinkScratch& scratch, Nodes& nodes)
        : job_(job),
          scratch_(scratch),
          nodes_(nodes),
          lists_(*job.locks, job.linkable, scratch.lists, nodes, kMaxInterleaved) {}

    // Returns the nearest linkable row, or kNone.
    uint32_t unlink(uint32_t row) {
        uint32_t nearest = kNone;
        for (size_t layer = level_of(job_.graph, row) + 1; layer-- > 0;) {
            const Layer& own = job_.graph.layers[layer];
            const std::span<const Key> found = find_candidates(row, layer);
            repair(own, own.node_of(row), found);
            if (layer == 0) nearest = nearest_linkable(found);
        }
        return nearest;
    }

private:
    // Replacement links per removed link.
    static constexpr size_t kReplacements = 3;
    // Limit of the nodes that replacements are selected from.
    static constexpr size_t kMaxNeighborhood = 64;

    std::span<const Key> find_candidates(uint32_t row, size_t layer) {
        Walk<NodeScorer> walk;
        walk.begin(scratch_.walks[0], job_.graph, {layer, job_.width, {}},
                   NodeScorer(nodes_.scorer(row, 0)));
        while (walk.step()) {}
        return walk.found();
    }

    uint32_t nearest_linkable(std::span<const Key> found) const {
        for (const Key key : found)
            if (lists_.is_linkable(node_of(key))) return node_of(key);
        return kNone;
    }

    void repair(const Layer& layer, uint32_t removed, std::span<const Key> found) {
        collect_neighborhood(layer, removed, found);
        for (size_t i = 0; i < in_link_count_; ++i)
            lists_.replace(layer, neighborhood_[i], removed, {neighborhood_, count_},
                           kReplacements);
        layer.remove_if(removed, [](uint32_t) { return true; });
        for (size_t i = 0; i < out_link_count_; ++i) ensure_in_link(layer, out_links_[i], found);
    }

    // Collects the nodes that link to the removed one, then those that it links to.
    void collect_neighborhood(const Layer& layer, uint32_t removed, std::span<const Key> found) {
        const std::span<const uint32_t> links = layer.links_of(removed);
        out_link_count_ = links.size();
        std::copy(links.begin(), links.end(), out_links_);
        scratch_.neighborhood.begin(kMaxNeighborhood);
        count_ = 0;
        for (const uint32_t node : links)
            if (links_to(layer, node, removed)) add_to_neighborhood(layer, node);
        for (const Key key : found)
            if (links_to(layer, node_of(key), removed)) add_to_neighborhood(layer, node_of(key));
        in_link_count_ = count_;
        for (const uint32_t node : links) add_to_neighborhood(layer, node);
    }

    void add_to_neighborhood(const Layer& layer, uint32_t node) {
        if (count_ == kMaxNeighborhood || node >= layer.count ||
            !lists_.is_linkable(layer.row_of(node)) || scratch_.neighborhood.holds(node))
            return;
        scratch_.neighborhood.insert(node);
        neighborhood_[count_++] = node;
    }

    static bool links_to(const Layer& layer, uint32_t from, uint32_t to) {
        if (from >= layer.count || from == to) return false;
        const std::span<const uint32_t> links = layer.links_of(from);
        return std::find(links.begin(), links.end(), to) != links.end();
    }

    // Adds an in-link to `node` unless one of its neighbors or of the neighborhood links to it.
    void ensure_in_link(const Layer& layer, uint32_t node, std::span<const Key> found) {
        if (node >= layer.count || !lists_.is_linkable(layer.row_of(node))) return;
        const std::span<const uint32_t> links = layer.links_of(node);
        for (const uint32_t near : links)
            if (links_to(layer, near, node)) return;
        for (size_t i = 0; i < count_; ++i)
            if (links_to(layer, neighborhood_[i], node)) return;
        for (const uint32_t near : links)
            if (try_link(layer, near, node)) return;
        for (const Key key : found)
            if (try_link(layer, node_of(key), node)) return;
    }

    bool try_link(const Layer& layer, uint32_t from, uint32_t to) {
        if (from >= layer.count || from == to || !lists_.is_linkable(layer.row_of(from)))
            return false;
        lists_.add(layer, from, to);
        return links_to(layer, from, to);
    }

    const LinkJob& job_;
    LinkScratch& scratch_;
    Nodes& nodes_;
    NeighborLists<Nodes> lists_;
    uint32_t neighborhood_[kMaxNeighborhood], out_links_[kMaxDegree];
    size_t count_ = 0;          // of the neighborhood
    size_t in_link_count_ = 0;  // its first nodes: those that link to the removed one
    size_t out_link_count_ = 0;
};
