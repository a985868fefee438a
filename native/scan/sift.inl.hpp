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

template <class Dot>
void sift(const SiftJob& job) {
    constexpr size_t vectors = kBlockQueries / kLanes<F32>;
    alignas(kLine) float bounds[kBlockQueries];
    std::fill_n(bounds, kBlockQueries, std::numeric_limits<float>::infinity());
    for (size_t q = 0; q < job.best.size(); ++q) bounds[q] = job.best[q].bound();
    const auto* dots = static_cast<const Dot*>(job.dots);
    for (size_t r = 0; r < job.rows; ++r, dots += kBlockQueries) {
        const Affine affine = job.affine[r];
        for (size_t v = 0; v < vectors; ++v) {
            const size_t first = v * kLanes<F32>;
            const F32 bias = floats_at(job.biases + first);
            const F32 scores =
                at_least_lowest(affine.a * floats_at(dots + first) + affine.c * bias);
            uint32_t better = lanes_above(scores, floats_at(bounds + first));
            if (better == 0) continue;
            float found[kLanes<F32>];
            std::memcpy(found, &scores, sizeof scores);
            for (; better != 0; better &= better - 1) {
                const auto lane = static_cast<size_t>(std::countr_zero(better));
                const size_t q = first + lane;
                const uint32_t number = job.numbers[r];
                if (job.gates != nullptr && !job.gates[q].keeps(number)) continue;
                job.best[q].offer(key_of(found[lane], number));
                bounds[q] = job.best[q].bound();
            }
        }
    }
}
