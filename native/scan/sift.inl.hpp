// Scores of a block of queries with rows: nearly all of them are compared with a bound and forgotten.

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

// What a block's queries have so far, side by side.
struct Sieve {
    alignas(kLine) float bounds[kBlockQueries];
    alignas(kLine) float biases[kBlockQueries];
};

// A bit for each query that a row is good enough for. `Plain`: all biases are 0.
template <bool Plain, class Dot>
inline uint32_t better_in(const Sieve& sieve, const Dot* dots, const Affine& affine) {
    uint32_t better = 0;
    for (size_t first = 0; first < kBlockQueries; first += kLanes<F32>) {
        F32 scores = affine.a * floats_at(dots + first);
        if constexpr (!Plain) scores += affine.c * floats_at(sieve.biases + first);
        better |= lanes_not_below(scores, floats_at(sieve.bounds + first)) << first;
    }
    return better;
}

// Which rows are good enough for some query, without a branch that nobody could predict. Returns how
// many.
template <bool Plain, class Dot>
inline size_t find_better(const SiftJob& job, const Sieve& sieve, uint32_t* rows, uint32_t* masks) {
    const auto* dots = static_cast<const Dot*>(job.dots);
    const Affine* affine = job.affine;
    const uint32_t* hidden = job.hidden;
    size_t found = 0;
    for (size_t r = 0; r < job.rows; ++r, dots += kBlockQueries) {
        uint32_t better = better_in<Plain>(sieve, dots, affine[r]);
        if (hidden != nullptr) better &= ~hidden[r];
        rows[found] = static_cast<uint32_t>(r);
        masks[found] = better;
        found += better != 0;
    }
    return found;
}

template <class Dot>
inline void keep(const SiftJob& job, const Sieve& sieve, uint32_t r, uint32_t better) {
    const Dot* dots = static_cast<const Dot*>(job.dots) + r * kBlockQueries;
    const Affine affine = job.affine[r];
    const uint32_t number = job.numbers[r];
    for (; better != 0; better &= better - 1) {
        const auto q = static_cast<size_t>(std::countr_zero(better));
        if (job.gates != nullptr && !job.gates[q].keeps(number)) continue;
        const float score = affine.a * static_cast<float>(dots[q]) + affine.c * sieve.biases[q];
        // What overflowed downwards, or is no number, is still a score.
        const float lowest = -std::numeric_limits<float>::max();
        job.best[q].offer(key_of(score > lowest ? score : lowest, number));
    }
}

template <class Dot>
void sift(const SiftJob& job) {
    Sieve sieve;
    std::fill_n(sieve.bounds, kBlockQueries, std::numeric_limits<float>::infinity());
    for (size_t q = 0; q < job.best.size(); ++q) sieve.bounds[q] = job.best[q].bound();
    std::copy_n(job.biases, kBlockQueries, sieve.biases);
    const bool plain =
        std::all_of(job.biases, job.biases + kBlockQueries, [](float bias) { return bias == 0; });
    uint32_t rows[kSiftedRows], masks[kSiftedRows];
    const size_t found = plain ? find_better<true, Dot>(job, sieve, rows, masks)
                               : find_better<false, Dot>(job, sieve, rows, masks);
    for (size_t i = 0; i < found; ++i) keep<Dot>(job, sieve, rows[i], masks[i]);
}
