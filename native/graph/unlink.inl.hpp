// Takes a row out of a graph: a walk for it finds most nodes that link to it; each gets links to what lies
// around it instead, and what it alone led to gets a link from another. Links that were not found lead
// to an empty list until Graph::redirect_links has them lead elsewhere.

template <class Nodes>
class Unlinker {
    using Scorer = typename Nodes::Scorer;

public:
    Unlinker(const LinkJob& job, LinkScratch& scratch, Nodes& nodes)
        : job_(job),
          scratch_(scratch),
          nodes_(nodes),
          lists_(*job.locks, job.taken, scratch.lists, nodes, kMostTurns) {}

    // Returns the row that is nearest to it, or kNone.
    uint32_t unlink(uint32_t row) {
        uint32_t nearest = kNone;
        for (size_t layer = level_of(job_.graph, row) + 1; layer-- > 0;) {
            const Layer& own = job_.graph.layers[layer];
            const std::span<const Key> found = find(row, layer);
            mend(own, own.node_of(row), found);
            if (layer == 0) nearest = first_that_is_there(found);
        }
        return nearest;
    }

private:
    // Links that stand in for one.
    static constexpr size_t kReplacements = 3;
    // Nodes that these are chosen from, at most.
    static constexpr size_t kAround = 64;

    std::span<const Key> find(uint32_t row, size_t layer) {
        Walk<Scorer> walk;
        walk.begin(scratch_.walks[0], job_.graph, {layer, job_.width, {}}, nodes_.scorer(row, 0));
        while (walk.take(nullptr)) walk.follow();
        return walk.found();
    }

    uint32_t first_that_is_there(std::span<const Key> found) const {
        for (const Key key : found)
            if (lists_.holds(node_of(key))) return node_of(key);
        return kNone;
    }

    void mend(const Layer& layer, uint32_t gone, std::span<const Key> found) {
        look_around(layer, gone, found);
        for (size_t i = 0; i < linking_; ++i)
            lists_.replace(layer, around_[i], gone, {around_, count_}, kReplacements);
        layer.remove_if(gone, [](uint32_t) { return true; });
        for (size_t i = 0; i < led_to_count_; ++i) lead_to(layer, led_to_[i], found);
    }

    // Nodes that link to it first, then those that it links to.
    void look_around(const Layer& layer, uint32_t gone, std::span<const Key> found) {
        const std::span<const uint32_t> links = layer.links_of(gone);
        led_to_count_ = links.size();
        std::copy(links.begin(), links.end(), led_to_);
        scratch_.near.begin(kAround);
        count_ = 0;
        for (const uint32_t node : links)
            if (links_to(layer, node, gone)) take(layer, node);
        for (const Key key : found)
            if (links_to(layer, node_of(key), gone)) take(layer, node_of(key));
        linking_ = count_;
        for (const uint32_t node : links) take(layer, node);
    }

    void take(const Layer& layer, uint32_t node) {
        if (count_ == kAround || node >= layer.count || !lists_.holds(layer.row_of(node)) ||
            scratch_.near.holds(node))
            return;
        scratch_.near.insert(node);
        around_[count_++] = node;
    }

    static bool links_to(const Layer& layer, uint32_t from, uint32_t to) {
        if (from >= layer.count || from == to) return false;
        const std::span<const uint32_t> links = layer.links_of(from);
        return std::find(links.begin(), links.end(), to) != links.end();
    }

    // Of the nodes around, one must lead to `node` yet.
    void lead_to(const Layer& layer, uint32_t node, std::span<const Key> found) {
        if (node >= layer.count || !lists_.holds(layer.row_of(node))) return;
        const std::span<const uint32_t> links = layer.links_of(node);
        for (const uint32_t near : links)
            if (links_to(layer, near, node)) return;
        for (size_t i = 0; i < count_; ++i)
            if (links_to(layer, around_[i], node)) return;
        for (const uint32_t near : links)
            if (offer(layer, near, node)) return;
        for (const Key key : found)
            if (offer(layer, node_of(key), node)) return;
    }

    bool offer(const Layer& layer, uint32_t from, uint32_t to) {
        if (from >= layer.count || from == to || !lists_.holds(layer.row_of(from))) return false;
        lists_.add(layer, from, to);
        return links_to(layer, from, to);
    }

    const LinkJob& job_;
    LinkScratch& scratch_;
    Nodes& nodes_;
    Lists<Nodes> lists_;
    uint32_t around_[kAround], led_to_[kMaxDegree];
    size_t count_ = 0, linking_ = 0, led_to_count_ = 0;
};
