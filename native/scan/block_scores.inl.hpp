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

// Of the queries from `first` on. `Plain`: all biases are 0.
template <bool Plain, class Dot>
inline F32 block_scores(const Dot* dots, const Affine& affine, const float* biases, size_t first) {
    F32 scores = affine.a * floats_at(dots + first);
    if constexpr (!Plain) scores += affine.c * floats_at(biases + first);
    return scores;
}
