// Scores of a block of queries with a row, as many queries at a time as there are lanes.

inline F32 floats_at(const float* at) {
    F32 floats;
    std::memcpy(&floats, at, sizeof floats);
    return floats;
}
inline F32 floats_at(const int32_t* at) {
    I32 whole;
    std::memcpy(&whole, at, sizeof whole);
    return to_float(whole);
}

// Of the queries from `first` on.
template <BlockTerms Terms, class Dot>
inline F32 block_scores(const Dot* dots, const Affine& affine, const BlockDots& block,
                        size_t first) {
    const F32 dot = floats_at(dots + first);
    if constexpr (Terms == BlockTerms::dots) return affine.a * dot;
    const F32 scores = affine.a * (floats_at(block.scales + first) * dot);
    if constexpr (Terms == BlockTerms::unit_biases) return scores + affine.c;
    return scores + affine.c * floats_at(block.biases + first);
}

// What overflowed downwards, or is no number, is still a score; and zero has one sign, for keys
// order
// -0 behind 0, and a sum of terms may have it where a term alone has not.
inline float ranking_score(float score) {
    const float lowest = -std::numeric_limits<float>::max();
    return (score > lowest ? score : lowest) + 0.0F;
}
