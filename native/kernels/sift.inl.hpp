// Moves scores that reach a bound into the TopK of their query. Nearly all scores fail the bound,
// so a first pass without branches finds the few rows that pass.

// Returns a bit for each query whose bound the row reaches.
template <BlockTerms Terms, class Dot>
inline uint32_t better_in(const float* bounds, const BlockDots& block, const Dot* dots, size_t r) {
    uint32_t better = 0;
    for (size_t q = 0; q < kBlockQueries; q += kLanes<F32>)
        better |= lanes_not_below(block_scores<Terms>(dots, block, r, q), floats_at(bounds + q))
                  << q;
    return better;
}

// Finds the rows that reach the bound of a query, without unpredictable branches. Writes each row
// and its mask of queries, and returns their number.
template <BlockTerms Terms, class Dot>
inline size_t find_better(const BlockDots& block, const float* bounds, uint32_t* rows,
                          uint32_t* masks) {
    const auto* dots = static_cast<const Dot*>(block.dots);
    size_t found = 0;
    for (size_t r = 0; r < block.rows; ++r, dots += kBlockQueries) {
        uint32_t better = better_in<Terms>(bounds, block, dots, r);
        if (block.hidden != nullptr) better &= ~block.hidden[r];
        rows[found] = static_cast<uint32_t>(r);
        masks[found] = better;
        found += better != 0;
    }
    return found;
}

template <class Dot>
inline void offer_scores(const SiftJob& job, uint32_t r, uint32_t better) {
    const Dot* dots = static_cast<const Dot*>(job.block.dots) + r * kBlockQueries;
    const Affine affine = job.block.affine[r];
    const uint32_t number = job.numbers[r];
    for (; better != 0; better &= better - 1) {
        const auto q = static_cast<size_t>(std::countr_zero(better));
        const float scaled = job.block.scales[q] * static_cast<float>(dots[q]);
        float score = affine.a * scaled + affine.c * job.block.biases[q];
        if (job.block.weights != nullptr) score += job.block.weights[q] * job.block.item_biases[r];
        job.best[q].offer(key_of(ranking_score(score), number));
    }
}

template <class Dot>
void sift(const SiftJob& job) {
    const BlockDots& block = job.block;
    alignas(kLine) float bounds[kBlockQueries];
    uint32_t present = 0;
    for (size_t q = 0; q < kBlockQueries; ++q) {
        const bool is_present = q < job.best.size();
        bounds[q] = is_present ? job.best[q].bound() : std::numeric_limits<float>::infinity();
        present |= uint32_t{is_present} << q;
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
        case BlockTerms::item_biases:
            found = find_better<BlockTerms::item_biases, Dot>(block, bounds, rows, masks);
            break;
    }
    // Masks absent queries: if the affine of a row is not finite, they score NaN, which is not
    // below their bound.
    for (size_t i = 0; i < found; ++i) offer_scores<Dot>(job, rows[i], masks[i] & present);
}
