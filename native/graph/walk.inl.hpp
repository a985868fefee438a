// A walk: the search of HNSW (Algorithms 2 and 5 of Malkov and Yashunin). It descends from entry
// points to the target layer with a beam of one node, or a few in a large graph, and searches that
// layer with a wide beam.
//
// Memory latency bounds a walk, so it is a pipeline, cut into steps. A step scores the oldest group
// of waiting nodes while it prefetches later ones, selects candidates and prefetches their lists,
// and reads the lists selected a step ago: their unvisited neighbors wait for their scores. As many
// candidates are selected as keep kDepth nodes waiting. What a walk does depends on itself alone,
// so interleaved walks find what they find alone.
//
// NodeScorer is a concept that knows one query. It alone knows where the codes of nodes lie.
//   kGroup                       the most nodes per call of score()
//   enter_layer(graph, number)   nodes are those of this layer from now on
//   prefetch_distance()          the number of nodes to prefetch ahead of the scored ones
//   prefetch(nodes, count)       prefetches what score() reads
//   score(nodes, count, bound, scores)
//       Scores up to kGroup nodes and returns a mask of scores above the bound. `nodes` always
//       holds kGroup valid ones.
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
        params_ = params;
        filter_ = filter;
        if constexpr (!kUnfiltered) {
            scratch.results.begin(params.width, graph.layers[params.target_layer].count);
            selectivity_ = filter.expected_share;
        }
        enter_layer(graph.layer_count - 1);
        enqueue(graph.entries, graph.entry_count);
    }

    // Returns false when the walk is over.
    bool step() {
        score_group();
        const size_t to_read = list_count_;
        select_candidates();
        read_lists(to_read);
        // The lists may have held no unvisited node.
        if (waiting() == 0 && list_count_ == 0) select_candidates();
        if (waiting() > 0 || list_count_ > 0) return true;
        if (is_on_target_layer()) return false;
        descend();
        return true;
    }

    // Returns the results, best first. If rejected nodes filled the beam, the walk may have ended
    // before it reached the worse results: then returns only about the best three quarters. Valid
    // until the walk continues.
    std::span<const Key> found() {
        const size_t count = results().size(), certain = count - count / 4;
        const bool cut_short = count > 0 && results().score(certain - 1) < scratch_->beam.worst();
        return results().plain_keys().first(cut_short ? certain - 1 : count);
    }

    // Makes a walk that is over continue with a beam that is as wide or wider. Nothing is scored
    // twice: nodes that a narrower beam dropped return to it.
    void widen(const WalkEffort& effort) {
        const float lost = bound();
        params_.stop = effort.stop;
        if (effort.width <= params_.width) return;
        params_.width = effort.width;
        const std::span<const uint32_t> nodes{scratch_->visited.log(), scored_};
        const float* const scores = scratch_->scores.data();
        scratch_->beam.widen(beam_width(), lost, nodes, scores, [](uint32_t) { return true; });
        if constexpr (!kUnfiltered)
            scratch_->results.widen(params_.width, lost, nodes, scores,
                                    [&](uint32_t node) { return filter_.may_return(node); });
    }

private:
    const Layer& layer() const { return graph_->layers[layer_number_]; }

    Beam& results() const {
        if constexpr (kUnfiltered)
            return scratch_->beam;
        else
            return scratch_->results;
    }
    bool is_on_target_layer() const { return layer_number_ == params_.target_layer; }

    // Nodes without a score.
    size_t waiting() const { return scratch_->visited.size() - scored_; }

    void enter_layer(size_t layer_number) {
        layer_number_ = layer_number;
        scorer_.enter_layer(*graph_, layer_number);
        scratch_->visited.begin(layer().count);
        scratch_->beam.begin(is_on_target_layer() ? beam_width() : descent_width(), layer().count);
        scored_ = prefetched_ = list_count_ = 0;
    }

    size_t beam_width() const {
        if constexpr (kUnfiltered)
            return params_.width;
        else
            return params_.width + filter_.routing_candidates;
    }

    // The beam width on the layers above the target layer. HNSW descends greedily. In a large graph
    // that often ends in a wrong cluster, which only a wide beam on layer 0 repairs: 6 % of the
    // walks of width 100 over ten million rows in 5,000 clusters, and 2 % with 16 nodes. Two nodes
    // find more of 100,000 rows in 50 clusters in the same time; up to 200,000 rows more nodes cost
    // time on rows without clusters.
    size_t descent_width() const {
        const size_t rows = graph_->layers[0].count;
        const size_t least = rows < kRowsOfPair ? 1 : 2;
        return std::clamp<size_t>(rows / kRowsPerDescent, least, kMaxDescents);
    }

    void descend() {
        const size_t below = graph_->layers[layer_number_ - 1].count;
        const Beam& beam = scratch_->beam;
        uint32_t nodes[kMaxDescents + 1];
        size_t count = 0;
        // A file may hold any id: clamp it to a valid one.
        for (; count < beam.size(); ++count)
            nodes[count] =
                static_cast<uint32_t>(std::min<size_t>(layer().below[beam.node(count)], below - 1));
        // Also enter layer 0 at the first entry point: nodes are reachable from the entry points,
        // but maybe not from those of the beam.
        const Layer& top = graph_->layers[graph_->layer_count - 1];
        if (layer_number_ == 1) nodes[count++] = top.row_of(graph_->entries[0]);
        enter_layer(layer_number_ - 1);
        enqueue(nodes, count);
    }

    void score_group() {
        const size_t count = std::min(waiting(), NodeScorer::kGroup);
        if (count == 0) return;
        uint32_t* const nodes = scratch_->visited.log() + scored_;
        if (count < NodeScorer::kGroup)
            std::fill_n(nodes + count, NodeScorer::kGroup - count, nodes[count - 1]);
        prefetch(scored_ + count);
        alignas(64) float scores[NodeScorer::kGroup];
        const uint32_t better = scorer_.score(nodes, count, bound(), scores);
        prefetch(std::min({scored_ + count + scorer_.prefetch_distance(),
                           prefetched_ + NodeScorer::kGroup, scratch_->visited.size()}));
        offer(better, scores, nodes);
        if (params_.may_widen) log_scores(scores);
        scratch_->counts.scores += count;
        scored_ += count;
    }

    void log_scores(const float* scores) {
        std::vector<float>& log = scratch_->scores;
        const size_t end = scored_ + NodeScorer::kGroup;
        if (log.size() < end) log.resize(std::max(end, log.size() * 3 / 2));
        std::copy_n(scores, NodeScorer::kGroup, log.data() + scored_);
    }

    // Prefetches the logged nodes below `end` that were not prefetched yet.
    [[gnu::always_inline]] void prefetch(size_t end) {
        if (prefetched_ >= end) return;
        scorer_.prefetch(scratch_->visited.log() + prefetched_, end - prefetched_);
        prefetched_ = end;
    }

    float bound() const {
        return std::max(scratch_->beam.worst(), is_on_target_layer() ? results().worst() : kLowest);
    }

    [[gnu::always_inline]] void offer(uint32_t better, const float* scores, const uint32_t* nodes) {
        insert_keys<KeyVectors>(scratch_->beam, better, scores, nodes);
        if constexpr (!kUnfiltered) {
            if (!is_on_target_layer()) return;
            uint32_t allowed = 0;
            for (uint32_t left = better; left != 0; left &= left - 1) {
                const int i = std::countr_zero(left);
                allowed |= uint32_t{filter_.may_return(nodes[i])} << i;
            }
            insert_keys<KeyVectors>(scratch_->results, allowed, scores, nodes);
        }
    }

    void select_candidates() {
        Beam& beam = scratch_->beam;
        const bool is_deep = is_on_target_layer() || descent_width() > 1;
        const size_t depth = is_deep ? kDepth : 1, before = list_count_;
        while (waiting() + list_count_ * kExpectedPerList < depth &&
               list_count_ - before < kMaxSelected && has_unexpanded<KeyVectors>(beam) &&
               !is_beyond_reach(beam.next_score())) {
            const uint32_t* list = layer().list(expand<KeyVectors>(beam));
            for (size_t at = 0; at < layer().degree; at += kLine / sizeof *list)
                __builtin_prefetch(list + at, 0, 3);
            lists_[list_count_++] = list;
        }
    }

    // Whether a candidate of this score need not be expanded: it is worse than all results of a
    // full beam, or the stop rule applies.
    bool is_beyond_reach(float score) const {
        const StopRule& stop = params_.stop;
        if (!is_on_target_layer()) return false;
        if (score < results().worst()) return true;
        if (stop.reach > 0 && results().size() >= stop.reach &&
            score < results().score(stop.reach - 1))
            return true;
        if (stop.k == 0 || results().size() < stop.k) return false;
        return stop.zero - score > stop.factor * (stop.zero - results().score(stop.k - 1));
    }

    // Reads the first `count` selected lists. Their unvisited neighbors wait for their scores.
    void read_lists(size_t count) {
        if (count == 0) return;
        for (size_t i = 0; i < count; ++i) read_list(lists_[i]);
        std::copy(lists_ + count, lists_ + list_count_, lists_);
        list_count_ -= count;
        scratch_->counts.hops += count;
    }

    void read_list(const uint32_t* list) {
        if constexpr (!kUnfiltered)
            if (filter_.allowed != nullptr && is_on_target_layer())
                return enqueue_allowed(list, length(list));
        enqueue(list, length(list));
    }

    // The number of links to read: the list up to its end, in steps of kLinksPerStep, as few are
    // full.
    size_t length(const uint32_t* list) const {
        size_t count = 0;
        while (count < layer().degree && read_link(list[count]) != kNone) count += kLinksPerStep;
        return std::min(count, layer().degree);
    }

    void enqueue(const uint32_t* links, size_t count) { scratch_->visited.add(links, count); }

    // Like enqueue(), but steps over rejected nodes where local selectivity is low: enqueues their
    // allowed neighbors instead, up to `degree` nodes in total.
    void enqueue_allowed(const uint32_t* links, size_t count) {
        Visited& visited = scratch_->visited;
        const size_t first = visited.size(), unvisited = visited.add(links, count);
        uint32_t rejected[kMaxDegree];
        const size_t rejected_count =
            move_rejected_back(visited.log() + first, unvisited, rejected);
        const size_t allowed = unvisited - rejected_count;
        selectivity_ +=
            (static_cast<float>(allowed) - selectivity_ * static_cast<float>(unvisited)) /
            kSelectivityWindow;
        if (selectivity_ >= filter_.step_over_below) return;
        visited.set_aside(rejected_count);
        for (size_t i = 0; i < rejected_count; ++i)
            __builtin_prefetch(layer().list(rejected[i]), 0, 2);
        const size_t end = first + layer().degree;
        for (size_t i = 0; i < rejected_count && visited.size() < end; ++i) {
            const uint32_t* list = layer().list(rejected[i]);
            const size_t count_of_list = length(list);
            for (size_t j = 0; j < count_of_list && visited.size() < end; ++j) {
                const uint32_t node = read_link(list[j]);
                if (node < layer().count && filter_.allows(node)) visited.add(&node, 1);
            }
        }
    }

    // Reorders nodes: allowed ones first. Copies the rejected ones and returns their number.
    size_t move_rejected_back(uint32_t* nodes, size_t count, uint32_t* rejected) const {
        size_t allowed_count = 0, rejected_count = 0;
        for (size_t i = 0; i < count; ++i) {
            const uint32_t node = nodes[i];
            const bool is_allowed = filter_.allows(node);
            nodes[allowed_count] = rejected[rejected_count] = node;
            allowed_count += is_allowed;
            rejected_count += !is_allowed;
        }
        std::copy_n(rejected, rejected_count, nodes + allowed_count);
        return rejected_count;
    }

    // The best of 48, 64 and 96: fewer waiting nodes hide less latency, more are worse candidates.
    static constexpr size_t kDepth = 64;
    // Unvisited neighbors that a list is expected to add.
    static constexpr size_t kExpectedPerList = 12;
    static constexpr size_t kMaxSelected = 4;  // per step
    // For descent_width().
    static constexpr size_t kRowsOfPair = size_t{1} << 16, kRowsPerDescent = size_t{1} << 17;
    static constexpr size_t kMaxDescents = 16;
    static constexpr size_t kLinksPerStep = 8;
    // Local selectivity is a moving average over about this many neighbors.
    static constexpr float kSelectivityWindow = 128;
    static constexpr float kLowest = -std::numeric_limits<float>::infinity();

    WalkScratch* scratch_;
    const GraphView* graph_;
    NodeScorer scorer_;
    WalkParams params_;
    [[no_unique_address]] RowFilter filter_;
    size_t layer_number_;
    size_t scored_, prefetched_;  // numbers of logged nodes
    size_t list_count_;           // selected lists that were not read yet
    float selectivity_;  // local selectivity: recent fraction of neighbors that the filter allows
    const uint32_t* lists_[2 * kMaxSelected];
};

// Interleaves walks that have begun until all are over. When walk i is over, calls restart(i),
// which may begin it again and returns whether it did.
template <class Walk, class Restart>
inline void interleave(std::span<Walk> walks, Restart&& restart) {
    const size_t count = walks.size();
    bool is_active[kMaxInterleaved];
    std::fill_n(is_active, count, true);
    for (size_t i = 0, left = count; left > 0; i = i + 1 == count ? 0 : i + 1) {
        if (!is_active[i] || walks[i].step()) continue;
        is_active[i] = restart(i);
        left -= !is_active[i];
    }
}
