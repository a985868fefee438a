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

// A bit for each query that a row is good enough for.
template <class Dot>
inline uint32_t better_in(const Sieve& sieve, const Dot* dots, const Affine& affine) {
    uint32_t better = 0;
    for (size_t first = 0; first < kBlockQueries; first += kLanes<F32>) {
        const F32 scores = at_least_lowest(affine.a * floats_at(dots + first) +
                                           affine.c * floats_at(sieve.biases + first));
        better |= lanes_above(scores, floats_at(sieve.bounds + first)) << first;
    }
    return better;
}

// Out of line: the loop that finds next to nothing stays short.
template <class Dot>
[[gnu::noinline]] void keep(const SiftJob& job, Sieve& sieve, size_t r, uint32_t better) {
    const Dot* dots = static_cast<const Dot*>(job.dots) + r * kBlockQueries;
    const Affine affine = job.affine[r];
    for (; better != 0; better &= better - 1) {
        const auto q = static_cast<size_t>(std::countr_zero(better));
        if (job.gates != nullptr && !job.gates[q].keeps(job.numbers[r])) continue;
        const float score = affine.a * static_cast<float>(dots[q]) + affine.c * sieve.biases[q];
        const float lowest = -std::numeric_limits<float>::max();
        job.best[q].offer(key_of(score > lowest ? score : lowest, job.numbers[r]));
        sieve.bounds[q] = job.best[q].bound();
    }
}

template <class Dot>
void sift(const SiftJob& job) {
    Sieve sieve;
    std::fill_n(sieve.bounds, kBlockQueries, std::numeric_limits<float>::infinity());
    for (size_t q = 0; q < job.best.size(); ++q) sieve.bounds[q] = job.best[q].bound();
    std::copy_n(job.biases, kBlockQueries, sieve.biases);
    const auto* dots = static_cast<const Dot*>(job.dots);
    const Affine* affine = job.affine;
    const uint32_t* hidden = job.hidden;
    for (size_t r = 0; r < job.rows; ++r, dots += kBlockQueries) {
        uint32_t better = better_in(sieve, dots, affine[r]);
        if (hidden != nullptr) better &= ~hidden[r];
        if (better != 0) keep<Dot>(job, sieve, r, better);
    }
}
