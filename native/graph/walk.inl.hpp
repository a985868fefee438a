// A walk: from the entries down to a layer, then through it, always on from the best nodes that have not
// been expanded. It is cut into two halves, so that several walks may take turns: while one scores, it
// asks memory for the rows that the next will score, and for the links that it will read itself.
//
// A Scorer knows one query:
//   ask(rows, count)                       asks memory for rows
//   ahead()                                so many rows before they are scored
//   score(rows, count, bound, scores)      scores up to sixteen; a bit for each above the bound
//
// Behind a gate, what it doesn't let through leads the walk on but is kept apart from what it finds.

template <class Scorer, class Gate = OpenGate>
class Walk {
    static constexpr bool kOpen = std::is_same_v<Gate, OpenGate>;

public:
    void begin(WalkScratch& scratch, const GraphView& graph, const WalkGoal& goal,
               const Scorer& scorer, const Gate& gate = {}) {
        scratch_ = &scratch;
        graph_ = &graph;
        scorer_ = scorer;
        goal_ = goal;
        gate_ = gate;
        if constexpr (!kOpen) {
            scratch.kept.begin(goal.width);
            passing_ = gate.expected;
        }
        expanding_ = 0;
        enter(graph.layer_count - 1);
        gather(graph.entries, graph.entry_count);
    }

    // Scores the nodes that wait, asking for those of the next walk on the way, and decides whose links
    // to read. False: the walk is over.
    bool take(Walk* next) {
        score_waiting(next);
        while (!choose()) {
            if (layer_number_ == goal_.floor) return false;
            descend();
        }
        return true;
    }

    // Reads those links; what they lead to waits from now on.
    void follow() {
        for (size_t i = 0; i < expanding_; ++i) read(expand_[i]);
        expanding_ = 0;
    }

    // The best first; only a part, if what the gate holds back filled the frontier, so that the walk
    // ended before it came to where the others are.
    std::span<const Key> found() const {
        const std::span<const Key> keys = results().keys();
        const size_t most = keys.size() - keys.size() / 4;
        const bool cut_short =
            !keys.empty() && score_of(keys[most - 1]) < scratch_->frontier.worst();
        return cut_short ? keys.first(most - 1) : keys;
    }

private:
    const Layer& layer() const { return graph_->layers[layer_number_]; }
    const uint32_t* rows() const {
        return layer().rows == nullptr ? scratch_->nodes : scratch_->rows;
    }

    const Frontier& results() const {
        if constexpr (kOpen)
            return scratch_->frontier;
        else
            return scratch_->kept;
    }
    bool at_goal() const { return layer_number_ == goal_.floor; }

    void enter(size_t number) {
        layer_number_ = number;
        waiting_ = asked_ = 0;
        scratch_->visited.begin(layer().count);
        scratch_->frontier.begin(at_goal() ? places() : 1);
    }

    size_t places() const {
        if constexpr (kOpen)
            return goal_.width;
        else
            return goal_.width + gate_.guides;
    }

    void descend() {
        // What is read from a file may be any number; a node that there is will do.
        const size_t below = graph_->layers[layer_number_ - 1].count;
        const auto best = static_cast<uint32_t>(
            std::min<size_t>(layer().below[node_of(scratch_->frontier.keys().front())], below - 1));
        const Layer& top = graph_->layers[graph_->layer_count - 1];
        // Of the entry it is known that it leads everywhere on layer 0.
        const uint32_t nodes[] = {best, top.row_of(graph_->entries[0])};
        enter(layer_number_ - 1);
        gather(nodes, layer_number_ == 0 ? 2 : 1);
        score_waiting(nullptr);
    }

    // Lists are seldom full; this much is read of one.
    size_t length(const uint32_t* list) const {
        size_t count = 0;
        while (count < layer().degree && read_link(list[count]) != kNone) count += kLinksAtOnce;
        return std::min(count, layer().degree);
    }

    void read(const uint32_t* list) {
        if constexpr (!kOpen)
            if (gate_.allowed != nullptr && at_goal()) return gather_passing(list, length(list));
        gather(list, length(list));
    }

    void gather(const uint32_t* links, size_t count) {
        uint32_t* fresh = scratch_->nodes + waiting_;
        const size_t found = scratch_->visited.filter(links, count, fresh);
        if (const uint32_t* rows = layer().rows) {
            const auto last = static_cast<uint32_t>(graph_->layers[0].count - 1);
            for (size_t i = 0; i < found; ++i)
                scratch_->rows[waiting_ + i] = std::min(rows[fresh[i]], last);
        }
        waiting_ += found;
    }

    // Where few of the neighbours pass: in place of those that the gate holds back what they lead to; all
    // in all not more than a node has neighbours.
    void gather_passing(const uint32_t* links, size_t count) {
        uint32_t held[kMaxDegree];
        uint32_t* fresh = scratch_->nodes + waiting_;
        const size_t seen = scratch_->visited.filter(links, count, fresh);
        size_t taken = 0, back = 0;
        for (size_t i = 0; i < seen; ++i) {
            const uint32_t node = fresh[i];
            const bool passes = gate_.allows(node);
            fresh[taken] = held[back] = node;
            taken += passes;
            back += !passes;
        }
        passing_ += (static_cast<float>(taken) - passing_ * static_cast<float>(seen)) / kRemembered;
        if (passing_ >= gate_.steps_below) {
            std::copy_n(held, back, fresh + taken);
            waiting_ += seen;
            return;
        }
        for (size_t i = 0; i < back; ++i) __builtin_prefetch(layer().list(held[i]), 0, 2);
        for (size_t i = 0; i < back && taken < layer().degree; ++i) {
            const uint32_t* list = layer().list(held[i]);
            const size_t most = length(list);
            for (size_t j = 0; j < most && taken < layer().degree; ++j) {
                const uint32_t node = read_link(list[j]);
                if (node < layer().count && gate_.allows(node) && scratch_->visited.add(node))
                    fresh[taken++] = node;
            }
        }
        waiting_ += taken;
    }

    // Asks for waiting rows below `end` that were not asked for.
    [[gnu::always_inline]] void ask(size_t end) {
        end = std::min(end, waiting_);
        if (asked_ >= end) return;
        scorer_.ask(rows() + asked_, end - asked_);
        asked_ = end;
    }

    void score_waiting(Walk* next) {
        Frontier& frontier = scratch_->frontier;
        fill_up();
        for (size_t first = 0; first < waiting_; first += 16) {
            ask(first + scorer_.ahead());
            if (next != nullptr) next->ask(next->asked_ + 16);
            const size_t count = std::min<size_t>(16, waiting_ - first);
            alignas(64) float scores[16];
            uint32_t better = scorer_.score(rows() + first, count, bound(), scores);
            for (; better != 0; better &= better - 1) {
                const auto i = static_cast<size_t>(std::countr_zero(better));
                frontier.offer(scores[i], scratch_->nodes[first + i]);
                if constexpr (!kOpen) keep(scores[i], scratch_->nodes[first + i]);
            }
            if (first + 16 < waiting_ && room_to_offer() >= 16) continue;
            frontier.settle();
            if constexpr (!kOpen) scratch_->kept.settle();
        }
        scratch_->counts.scores += waiting_;
        waiting_ = asked_ = 0;
    }

    size_t room_to_offer() const {
        const size_t room = scratch_->frontier.room_to_offer();
        if constexpr (kOpen)
            return room;
        else
            return std::min(room, scratch_->kept.room_to_offer());
    }

    float bound() const {
        return std::max(scratch_->frontier.worst(), at_goal() ? results().worst() : kLowest);
    }

    void keep(float score, uint32_t node) {
        if (at_goal() && gate_.keeps(node)) scratch_->kept.offer(score, node);
    }

    // Repeats the last row, for rows are read sixteen at a time.
    void fill_up() {
        uint32_t* rows = layer().rows == nullptr ? scratch_->nodes : scratch_->rows;
        for (size_t i = waiting_; i % 16 != 0; ++i) rows[i] = rows[waiting_ - 1];
    }

    bool choose() {
        Frontier& frontier = scratch_->frontier;
        while (expanding_ < kExpansions && frontier.has_next() && !is_far(frontier.next_score())) {
            const uint32_t* list = layer().list(frontier.expand());
            for (size_t at = 0; at < layer().degree; at += kLine / sizeof *list)
                __builtin_prefetch(list + at, 0, 2);
            expand_[expanding_++] = list;
        }
        scratch_->counts.hops += expanding_;
        return expanding_ > 0;
    }

    // Whether nodes of that score lead to nothing that is wanted.
    bool is_far(float score) const {
        const Stop& stop = goal_.stop;
        const std::span<const Key> keys = results().keys();
        if (!at_goal()) return false;
        if (score < results().worst()) return true;
        if (stop.k == 0 || keys.size() < stop.k) return false;
        return stop.zero - score > stop.factor * (stop.zero - score_of(keys[stop.k - 1]));
    }

    static constexpr size_t kLinksAtOnce = 8;
    // Neighbours, about, by which it is told how many pass.
    static constexpr float kRemembered = 128;
    static constexpr float kLowest = -std::numeric_limits<float>::infinity();

    WalkScratch* scratch_;
    const GraphView* graph_;
    Scorer scorer_;
    WalkGoal goal_;
    [[no_unique_address]] Gate gate_;
    size_t layer_number_, waiting_, asked_, expanding_;
    float passing_;  // part of the neighbours that the gate allows, of late
    const uint32_t* expand_[kExpansions];
};

// Lets walks that have begun take turns until all are over. When number i is, over(i) may begin it anew,
// and says whether it did.
template <class Walk, class Over>
inline void take_turns(std::span<Walk> walks, Over&& over) {
    const size_t count = walks.size();
    bool going[kMostTurns];
    std::fill_n(going, count, true);
    for (size_t i = 0, left = count; left > 0; i = (i + 1) % count) {
        Walk* next = count > 1 ? &walks[(i + 1) % count] : nullptr;
        if (going[i] && !walks[i].take(next)) {
            going[i] = over(i);
            left -= !going[i];
        }
        const size_t before = (i + count - 1) % count;
        if (going[before]) walks[before].follow();
    }
}
