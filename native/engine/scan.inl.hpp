// Exact scans over the rows of one code type.

// For a few queries: one at a time, rows as they come.
template <class C>
void scan_rows(const RowScanJob& job) {
    const RowScorer<C> scorer(job.query, job.scored);
    const std::span<const uint32_t> rows = job.rows;
    for (size_t first = 0; first < rows.size(); first += 16) {
        uint32_t some[16];
        alignas(kLine) float scores[16];
        const size_t count = std::min<size_t>(16, rows.size() - first);
        for (size_t i = 0; i < 16; ++i) some[i] = rows[first + std::min(i, count - 1)];
        const size_t ahead = first + scorer.ahead();
        if (ahead < rows.size())
            scorer.ask(rows.data() + ahead, std::min<size_t>(16, rows.size() - ahead));
        uint32_t better = scorer.score(some, count, job.best->bound(), scores);
        for (; better != 0; better &= better - 1) {
            const auto i = static_cast<size_t>(std::countr_zero(better));
            if (job.gate == nullptr || job.gate->keeps(some[i]))
                job.best->offer(key_of(ranking_score(scores[i]), some[i]));
        }
    }
}

// For many: dots of blocks of queries, which sift looks through.
template <class C>
using DotOf = std::conditional_t<std::is_same_v<typename C::Sum, F32>, float, int32_t>;
