// Scores of a block of queries with one row, one query per lane.

inline F32 floats_at(const float* at) {
    F32 floats;
    std::memcpy(&floats, at, sizeof floats);
    return floats;
}
inline F32 floats_at(const int32_t* at) {
    I32 integers;
    std::memcpy(&integers, at, sizeof integers);
    return to_float(integers);
}

// Returns the scores of row `r` for the queries from `first` on. `dots` are those of the row.
template <BlockTerms Terms, class Dot>
inline F32 block_scores(const Dot* dots, const BlockDots& block, size_t r, size_t first) {
    const Affine affine = block.affine[r];
    const F32 dot = floats_at(dots + first);
    if constexpr (Terms == BlockTerms::dots) return affine.a * dot;
    const F32 scores = affine.a * (floats_at(block.scales + first) * dot);
    if constexpr (Terms == BlockTerms::unit_biases) return scores + affine.c;
    const F32 all = scores + affine.c * floats_at(block.biases + first);
    if constexpr (Terms == BlockTerms::item_biases)
        return all + floats_at(block.weights + first) * block.item_biases[r];
    return all;
}

// Replaces NaN and -infinity by the lowest float, so that every row has a finite rank, and -0 by 0:
// keys order -0 behind 0, and whether a sum is -0 depends on the number of its terms.
inline float ranking_score(float score) {
    const float lowest = -std::numeric_limits<float>::max();
    return (score > lowest ? score : lowest) + 0.0F;
}
