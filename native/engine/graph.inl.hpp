// Graph search, linking and unlinking over the rows of one code type.

// Interleaves up to kMaxInterleaved walks. When one ends, it starts the next query.
template <class C, class Filters>
size_t search_filtered_by(const SearchJob& job, Filters&& filter_of) {
    using RowFilter = std::remove_cvref_t<decltype(filter_of(0))>;
    using NodeScorer = GatheringScorer<RowScorer<C>>;
    Walk<NodeScorer, RowFilter> walks[kMaxInterleaved];
    size_t query_of[kMaxInterleaved], begun = 0;
    const size_t interleaved = std::min(job.scratch.size(), job.queries.size());
    const auto begin = [&](size_t i) {
        query_of[i] = begun;
        walks[i].begin(job.scratch[i], job.graph, {0, job.width, job.stop, job.depth != nullptr},
                       NodeScorer(RowScorer<C>(job.queries[begun], job.scored)), filter_of(begun));
        ++begun;
    };
    for (size_t i = 0; i < interleaved; ++i) begin(i);
    interleave(std::span(walks, interleaved), [&](size_t i) {
        const std::span<const Key> keys = walks[i].found();
        if (job.depth != nullptr) {
            const WalkEffort effort = job.depth->next_effort(query_of[i], keys);
            if (effort.width > 0) {
                walks[i].widen(effort);
                return true;
            }
        } else {
            job.found_counts[query_of[i]] = keys.size();
            std::copy(keys.begin(), keys.end(), job.found + query_of[i] * job.width);
        }
        if (begun == job.queries.size() || job.slice.is_over()) return false;
        begin(i);
        return true;
    });
    return begun;
}

template <class C>
size_t search(const SearchJob& job) {
    if (job.filters == nullptr)
        return search_filtered_by<C>(job, [](size_t) { return NoFilter{}; });
    return search_filtered_by<C>(job, [&](size_t query) { return job.filters[query]; });
}

template <class C>
size_t link_scratch_bytes(size_t row_bytes) {
    return Linker<RowsAsQueries<C>>::kSlots * RowsAsQueries<C>::query_bytes(row_bytes);
}

template <class C>
void link(const RowLinkJob& job, LinkScratch& scratch, std::byte* query_codes) {
    RowsAsQueries<C> nodes(job.scored, job.measure, query_codes);
    Linker<RowsAsQueries<C>> linker(job.link, scratch, nodes);
    linker.link(job.rows, job.interleaved);
}

template <class C>
uint32_t unlink(const RowLinkJob& job, uint32_t row, LinkScratch& scratch, std::byte* query_codes) {
    RowsAsQueries<C> nodes(job.scored, job.measure, query_codes);
    Unlinker<RowsAsQueries<C>> unlinker(job.link, scratch, nodes);
    return unlinker.unlink(row);
}

// Writes scores[i] = the score of row ids[i].
template <class C>
void score(const EncodedQuery& query, const ScoredRows& scored, std::span<const uint32_t> ids,
           float* scores) {
    const RowScorer<C> scorer(query, scored);
    for (size_t first = 0; first < ids.size(); first += 16) {
        uint32_t group[16];
        alignas(64) float found[16];
        const size_t count = std::min<size_t>(16, ids.size() - first);
        for (size_t i = 0; i < 16; ++i) group[i] = ids[first + std::min(i, count - 1)];
        if (first + 16 < ids.size())
            scorer.prefetch(ids.data() + first + 16, std::min<size_t>(16, ids.size() - first - 16));
        scorer.score(group, count, 0, found);
        std::copy_n(found, count, scores + first);
    }
}
