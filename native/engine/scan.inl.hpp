// Exact scans over the rows of one code type.

// Scans the rows of one query in the given order, sixteen at a time. Used for small batches.
template <class C>
void scan_rows(const RowScanJob& job) {
    const RowScorer<C> scorer(job.query, job.scored);
    const std::span<const uint32_t> rows = job.rows;
    for (size_t first = 0; first < rows.size(); first += 16) {
        uint32_t group[16];
        alignas(kLine) float scores[16];
        const size_t count = std::min<size_t>(16, rows.size() - first);
        for (size_t i = 0; i < 16; ++i) group[i] = rows[first + std::min(i, count - 1)];
        const size_t ahead = first + scorer.prefetch_distance();
        if (ahead < rows.size())
            scorer.prefetch(rows.data() + ahead, std::min<size_t>(16, rows.size() - ahead));
        uint32_t better = scorer.score(group, count, job.best->bound(), scores);
        for (; better != 0; better &= better - 1) {
            const auto i = static_cast<size_t>(std::countr_zero(better));
            if (job.filter == nullptr || job.filter->may_return(group[i]))
                job.best->offer(key_of(ranking_score(scores[i]), group[i]));
        }
    }
}

// The type of the dots that `peaks` and `sift` read. Used for large batches.
template <class C>
using DotOf = std::conditional_t<std::is_same_v<typename C::Sum, F32>, float, int32_t>;
