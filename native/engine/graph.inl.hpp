// The graph's walks and links over the rows of one code type.

// Several walks take turns; one that is over makes way for the next query.
template <class C, class Gates>
size_t search_behind(const SearchJob& job, Gates&& gate_of) {
    using Gate = std::remove_cvref_t<decltype(gate_of(0))>;
    Walk<RowScorer<C>, Gate> walks[kMostTurns];
    size_t query_of[kMostTurns], begun = 0;
    const size_t turns = std::min(job.scratch.size(), job.queries.size());
    const auto begin = [&](size_t i) {
        query_of[i] = begun;
        walks[i].begin(job.scratch[i], job.graph, {0, job.width, job.stop},
                       RowScorer<C>(job.queries[begun], job.scored), gate_of(begun));
        ++begun;
    };
    for (size_t i = 0; i < turns; ++i) begin(i);
    take_turns(std::span(walks, turns), [&](size_t i) {
        const std::span<const Key> keys = walks[i].found();
        job.found_counts[query_of[i]] = keys.size();
        std::copy(keys.begin(), keys.end(), job.found + query_of[i] * job.width);
        if (begun == job.queries.size() || job.slice.is_over()) return false;
        begin(i);
        return true;
    });
    return begun;
}

template <class C>
size_t search(const SearchJob& job) {
    if (job.gates == nullptr) return search_behind<C>(job, [](size_t) { return OpenGate{}; });
    return search_behind<C>(job, [&](size_t query) { return job.gates[query]; });
}

template <class C>
size_t link_room(size_t row_bytes) {
    return Linker<RowsAsQueries<C>>::kSlots * RowsAsQueries<C>::room_bytes(row_bytes);
}

template <class C>
void link(const RowLinkJob& job, LinkScratch& scratch, std::byte* room) {
    RowsAsQueries<C> nodes(job.scored, job.measure, room);
    Linker<RowsAsQueries<C>> linker(job.link, scratch, nodes);
    linker.link(job.rows, job.turns);
}

template <class C>
uint32_t unlink(const RowLinkJob& job, uint32_t row, LinkScratch& scratch, std::byte* room) {
    RowsAsQueries<C> nodes(job.scored, job.measure, room);
    Unlinker<RowsAsQueries<C>> unlinker(job.link, scratch, nodes);
    return unlinker.unlink(row);
}

// scores[i] of rows[ids[i]].
template <class C>
void score(const EncodedQuery& query, const ScoredRows& scored, std::span<const uint32_t> ids,
           float* scores) {
    const RowScorer<C> scorer(query, scored);
    for (size_t first = 0; first < ids.size(); first += 16) {
        uint32_t some[16];
        alignas(64) float found[16];
        const size_t count = std::min<size_t>(16, ids.size() - first);
        for (size_t i = 0; i < 16; ++i) some[i] = ids[first + std::min(i, count - 1)];
        if (first + 16 < ids.size())
            scorer.ask(ids.data() + first + 16, std::min<size_t>(16, ids.size() - first - 16));
        scorer.score(some, count, 0, found);
        std::copy_n(found, count, scores + first);
    }
}
