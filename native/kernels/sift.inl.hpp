// Scores of a block of queries with rows: nearly all of them are compared with a bound and
// forgotten.

// A bit for each query that a row is good enough for.
template <BlockTerms Terms, class Dot>
inline uint32_t better_in(const float* bounds, const BlockDots& block, const Dot* dots,
                          const Affine& affine) {
    uint32_t better = 0;
    for (size_t q = 0; q < kBlockQueries; q += kLanes<F32>)
        better |=
            lanes_not_below(block_scores<Terms>(dots, affine, block, q), floats_at(bounds + q))
            << q;
    return better;
}

// Which rows are good enough for some query, without a branch that nobody could predict. Returns
// how many.
template <BlockTerms Terms, class Dot>
inline size_t find_better(const BlockDots& block, const float* bounds, uint32_t* rows,
                          uint32_t* masks) {
    const auto* dots = static_cast<const Dot*>(block.dots);
    size_t found = 0;
    for (size_t r = 0; r < block.rows; ++r, dots += kBlockQueries) {
        uint32_t better = better_in<Terms>(bounds, block, dots, block.affine[r]);
        if (block.hidden != nullptr) better &= ~block.hidden[r];
        rows[found] = static_cast<uint32_t>(r);
        masks[found] = better;
        found += better != 0;
    }
    return found;
}

template <class Dot>
inline void keep(const SiftJob& job, uint32_t r, uint32_t better) {
    const Dot* dots = static_cast<const Dot*>(job.block.dots) + r * kBlockQueries;
    const Affine affine = job.block.affine[r];
    const uint32_t number = job.numbers[r];
    for (; better != 0; better &= better - 1) {
        const auto q = static_cast<size_t>(std::countr_zero(better));
        const float scaled = job.block.scales[q] * static_cast<float>(dots[q]);
        const float score = affine.a * scaled + affine.c * job.block.biases[q];
        job.best[q].offer(key_of(ranking_score(score), number));
    }
}

template <class Dot>
void sift(const SiftJob& job) {
    const BlockDots& block = job.block;
    alignas(kLine) float bounds[kBlockQueries];
    uint32_t present = 0;
    for (size_t q = 0; q < kBlockQueries; ++q) {
        const bool there = q < job.best.size();
        bounds[q] = there ? job.best[q].bound() : std::numeric_limits<float>::infinity();
        present |= uint32_t{there} << q;
    }
    uint32_t rows[kSiftedRows], masks[kSiftedRows];
    size_t found = 0;
    switch (block.terms) {
        case BlockTerms::any:
            found = find_better<BlockTerms::any, Dot>(block, bounds, rows, masks);
            break;
        case BlockTerms::dots:
            found = find_better<BlockTerms::dots, Dot>(block, bounds, rows, masks);
            break;
        case BlockTerms::unit_biases:
            found = find_better<BlockTerms::unit_biases, Dot>(block, bounds, rows, masks);
            break;
    }
    // Where a row's factors are not finite, absent queries score NaN, which is not below their
    // bound.
    for (size_t i = 0; i < found; ++i) keep<Dot>(job, rows[i], masks[i] & present);
}
