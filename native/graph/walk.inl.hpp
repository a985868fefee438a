// A walk: the search of HNSW (Algorithms 2 and 5 of Malkov and Yashunin). It descends greedily from
// the entry points to the target layer and searches that layer with a beam. A step has two phases,
// so that a thread can interleave walks: score_and_select() scores the waiting nodes, prefetches
// rows of the next walk and selects candidates to expand; expand() reads their lists, which have
// been prefetched by then.
//
// NodeScorer is a concept that knows one query. It queues nodes and scores them, and it alone knows
// where their codes lie. The walk owns the beam, the visited set, the stop rule, the filter and the
// layers.
//   begin(scratch)               sets the scratch memory
//   enter_layer(graph, number)   empties the queue; nodes are those of this layer from now on
//   free_slots()                 the memory that the walk writes unvisited nodes to
//   enqueue(count)               queues the first `count` nodes in free_slots()
//   prefetch_group()             prefetches one more group of queued nodes
//   score_waiting(next, bound, offer, end_group)
//       Scores the queued nodes group by group, empties the queue and returns the number of scores.
//       Calls offer(score, node) for each score above bound(), and end_group(is_last) after each
//       group. Per group, prefetches a group of `next`, the node scorer of the next walk (or null).
//   kGroup                       the most nodes per group
//
// A filtered walk routes through rejected nodes but collects its results in a beam of their own.

template <class NodeScorer, class RowFilter = NoFilter>
class Walk {
    static constexpr bool kUnfiltered = std::is_same_v<RowFilter, NoFilter>;

public:
    void begin(WalkScratch& scratch, const GraphView& graph, const WalkParams& params,
               const NodeScorer& scorer, const RowFilter& filter = {}) {
        scratch_ = &scratch;
        graph_ = &graph;
        scorer_ = scorer;
        scorer_.begin(scratch.nodes);
        params_ = params;
        filter_ = filter;
        if constexpr (!kUnfiltered) {
            scratch.results.begin(params.width);
            selectivity_ = filter.expected_share;
        }
        selected_count_ = 0;
        enter_layer(graph.layer_count - 1);
        enqueue(graph.entries, graph.entry_count);
    }

    // Scores the waiting nodes, prefetching rows of the next walk (or null) meanwhile, and selects
    // the candidates to expand. Returns false when the walk is over.
    bool score_and_select(Walk* next) {
        score_waiting(next);
        while (!select_candidates()) {
            if (layer_number_ == params_.target_layer) return false;
            descend();
        }
        return true;
    }

    // Reads the lists of the selected candidates. Their unvisited neighbors wait for their scores.
    void expand() {
        for (size_t i = 0; i < selected_count_; ++i) expand_list(selected_lists_[i]);
        selected_count_ = 0;
    }

    // Returns the results, best first. If rejected nodes filled the beam, the walk may have ended
    // before it reached the worse results: then returns only about the best three quarters.
    std::span<const Key> found() const {
        const std::span<const Key> keys = results().keys();
        const size_t certain = keys.size() - keys.size() / 4;
        const bool cut_short =
            !keys.empty() && score_of(keys[certain - 1]) < scratch_->beam.worst();
        return cut_short ? keys.first(certain - 1) : keys;
    }

private:
    const Layer& layer() const { return graph_->layers[layer_number_]; }

    const Beam& results() const {
        if constexpr (kUnfiltered)
            return scratch_->beam;
        else
            return scratch_->results;
    }
    bool is_on_target_layer() const { return layer_number_ == params_.target_layer; }

    void enter_layer(size_t layer_number) {
        layer_number_ = layer_number;
        scorer_.enter_layer(*graph_, layer_number);
        scratch_->visited.begin(layer().count);
        scratch_->beam.begin(is_on_target_layer() ? beam_width() : 1);
    }

    size_t beam_width() const {
        if constexpr (kUnfiltered)
            return params_.width;
        else
            return params_.width + filter_.routing_candidates;
    }

    void descend() {
        // A file may hold any id: clamp it to a valid one.
        const size_t below = graph_->layers[layer_number_ - 1].count;
        const auto best = static_cast<uint32_t>(
            std::min<size_t>(layer().below[node_of(scratch_->beam.keys().front())], below - 1));
        const Layer& top = graph_->layers[graph_->layer_count - 1];
        // Also enter layer 0 at the first entry point: nodes are reachable from the entry points,
        // but maybe not from `best`.
        const uint32_t nodes[] = {best, top.row_of(graph_->entries[0])};
        enter_layer(layer_number_ - 1);
        enqueue(nodes, layer_number_ == 0 ? 2 : 1);
        score_waiting(nullptr);
    }

    // The number of links to read: the list up to its end, in steps of kLinksPerStep, as few are
    // full.
    size_t length(const uint32_t* list) const {
        size_t count = 0;
        while (count < layer().degree && read_link(list[count]) != kNone) count += kLinksPerStep;
        return std::min(count, layer().degree);
    }

    void expand_list(const uint32_t* list) {
        if constexpr (!kUnfiltered)
            if (filter_.allowed != nullptr && is_on_target_layer())
                return enqueue_allowed(list, length(list));
        enqueue(list, length(list));
    }

    // Enqueues the unvisited nodes of a list.
    void enqueue(const uint32_t* links, size_t count) {
        scorer_.enqueue(scratch_->visited.filter(links, count, scorer_.free_slots()));
    }

    // Like enqueue(), but steps over rejected nodes where local selectivity is low: enqueues their
    // allowed neighbors instead, up to `degree` nodes in total.
    void enqueue_allowed(const uint32_t* links, size_t count) {
        uint32_t rejected[kMaxDegree];
        uint32_t* fresh = scorer_.free_slots();
        const size_t unvisited = scratch_->visited.filter(links, count, fresh);
        size_t enqueued = 0, rejected_count = 0;
        for (size_t i = 0; i < unvisited; ++i) {
            const uint32_t node = fresh[i];
            const bool is_allowed = filter_.allows(node);
            fresh[enqueued] = rejected[rejected_count] = node;
            enqueued += is_allowed;
            rejected_count += !is_allowed;
        }
        selectivity_ +=
            (static_cast<float>(enqueued) - selectivity_ * static_cast<float>(unvisited)) /
            kSelectivityWindow;
        if (selectivity_ >= filter_.step_over_below) {
            std::copy_n(rejected, rejected_count, fresh + enqueued);
            return scorer_.enqueue(unvisited);
        }
        for (size_t i = 0; i < rejected_count; ++i)
            __builtin_prefetch(layer().list(rejected[i]), 0, 2);
        for (size_t i = 0; i < rejected_count && enqueued < layer().degree; ++i) {
            const uint32_t* list = layer().list(rejected[i]);
            const size_t count_of_list = length(list);
            for (size_t j = 0; j < count_of_list && enqueued < layer().degree; ++j) {
                const uint32_t node = read_link(list[j]);
                if (node < layer().count && filter_.allows(node) && scratch_->visited.add(node))
                    fresh[enqueued++] = node;
            }
        }
        scorer_.enqueue(enqueued);
    }

    void score_waiting(Walk* next) {
        const auto bound_now = [&]() __attribute__((always_inline)) { return bound(); };
        const auto offer = [&](float score, uint32_t node) __attribute__((always_inline)) {
            scratch_->beam.offer(score, node);
            if constexpr (!kUnfiltered) offer_result(score, node);
        };
        const auto end_group = [&](bool is_last) __attribute__((always_inline)) {
            if (!is_last && free_offers() >= NodeScorer::kGroup) return;
            scratch_->beam.merge_offers();
            if constexpr (!kUnfiltered) scratch_->results.merge_offers();
        };
        scratch_->counts.scores += scorer_.score_waiting(next == nullptr ? nullptr : &next->scorer_,
                                                         bound_now, offer, end_group);
    }

    size_t free_offers() const {
        const size_t free = scratch_->beam.free_offers();
        if constexpr (kUnfiltered)
            return free;
        else
            return std::min(free, scratch_->results.free_offers());
    }

    float bound() const {
        return std::max(scratch_->beam.worst(), is_on_target_layer() ? results().worst() : kLowest);
    }

    void offer_result(float score, uint32_t node) {
        if (is_on_target_layer() && filter_.may_return(node)) scratch_->results.offer(score, node);
    }

    bool select_candidates() {
        Beam& beam = scratch_->beam;
        while (selected_count_ < kExpansions && beam.has_next() &&
               !is_beyond_reach(beam.next_score())) {
            const uint32_t* list = layer().list(beam.expand());
            for (size_t at = 0; at < layer().degree; at += kLine / sizeof *list)
                __builtin_prefetch(list + at, 0, 2);
            selected_lists_[selected_count_++] = list;
        }
        scratch_->counts.hops += selected_count_;
        return selected_count_ > 0;
    }

    // Whether a candidate of this score need not be expanded: it is worse than all results of a
    // full beam, or the stop rule applies.
    bool is_beyond_reach(float score) const {
        const StopRule& stop = params_.stop;
        const std::span<const Key> keys = results().keys();
        if (!is_on_target_layer()) return false;
        if (score < results().worst()) return true;
        if (stop.k == 0 || keys.size() < stop.k) return false;
        return stop.zero - score > stop.factor * (stop.zero - score_of(keys[stop.k - 1]));
    }

    static constexpr size_t kLinksPerStep = 8;
    // Local selectivity is a moving average over about this many neighbors.
    static constexpr float kSelectivityWindow = 128;
    static constexpr float kLowest = -std::numeric_limits<float>::infinity();

    WalkScratch* scratch_;
    const GraphView* graph_;
    NodeScorer scorer_;
    WalkParams params_;
    [[no_unique_address]] RowFilter filter_;
    size_t layer_number_, selected_count_;
    float selectivity_;  // local selectivity: recent fraction of neighbors that the filter allows
    const uint32_t* selected_lists_[kExpansions];
};

// Interleaves walks that have begun until all are over. When walk i is over, calls restart(i),
// which may begin it again and returns whether it did.
template <class Walk, class Restart>
inline void interleave(std::span<Walk> walks, Restart&& restart) {
    const size_t count = walks.size();
    bool is_active[kMaxInterleaved];
    std::fill_n(is_active, count, true);
    for (size_t i = 0, left = count; left > 0; i = (i + 1) % count) {
        Walk* next = count > 1 ? &walks[(i + 1) % count] : nullptr;
        if (is_active[i] && !walks[i].score_and_select(next)) {
            is_active[i] = restart(i);
            left -= !is_active[i];
        }
        const size_t previous = (i + count - 1) % count;
        if (is_active[previous]) walks[previous].expand();
    }
}
