// The graph's walks and links over the rows of one code type.

// Several walks take turns; one that is over makes way for the next query.
template <class C>
void search(const SearchJob& job) {
    Walk<RowScorer<C>> walks[kWalksAtOnce];
    size_t query_of[kWalksAtOnce], begun = 0, over = 0;
    const size_t turns = std::min({job.scratch.size(), job.queries.size(), kWalksAtOnce});
    const auto begin = [&](size_t i) {
        query_of[i] = begun;
        walks[i].begin(job.scratch[i], job.graph, 0, job.width,
                       RowScorer<C>(job.queries[begun++], job.scored));
    };
    const auto end = [&](size_t i) {
        const std::span<const Key> keys = job.scratch[i].frontier.keys();
        job.found_counts[query_of[i]] = keys.size();
        std::copy(keys.begin(), keys.end(), job.found + query_of[i] * job.width);
    };
    for (size_t i = 0; i < turns; ++i) begin(i);
    bool going[kWalksAtOnce] = {true, true, true};
    for (size_t i = 0; over < turns; i = (i + 1) % turns) {
        const size_t next = (i + 1) % turns, before = (i + turns - 1) % turns;
        if (going[i] && !walks[i].take(next == i ? nullptr : &walks[next])) {
            end(i);
            going[i] = begun < job.queries.size();
            if (going[i])
                begin(i);
            else
                ++over;
        }
        if (going[before]) walks[before].follow();
    }
}

template <class C>
size_t link_room(size_t row_bytes) {
    return Linker<RowsAsQueries<C>>::kSlots * RowsAsQueries<C>::room_bytes(row_bytes);
}

template <class C>
void link(const RowLinkJob& job, LinkScratch& scratch, std::byte* room) {
    RowsAsQueries<C> nodes(job.scored, job.measure, room);
    Linker<RowsAsQueries<C>> linker(job.link, scratch, nodes);
    for (size_t first = 0; first < job.rows.size(); first += job.at_once)
        linker.link(job.rows.data() + first, std::min(job.at_once, job.rows.size() - first));
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
