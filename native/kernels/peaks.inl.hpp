// The best score of each query of a block per group of rows, without the row it belongs to.

struct LaneBits {
    uint32_t each[kLanes<F32>] = {};
    constexpr LaneBits() {
        for (size_t lane = 0; lane < kLanes<F32>; ++lane) each[lane] = 1U << lane;
    }
};
inline constexpr LaneBits kLaneBits;

// Replaces the scores of queries that must not return the row by -infinity.
inline F32 hide_scores(F32 scores, uint32_t hidden) {
    I32 bits;
    std::memcpy(&bits, kLaneBits.each, sizeof bits);
    return (bits & hidden) != 0 ? F32{} - std::numeric_limits<float>::infinity() : scores;
}

template <BlockTerms Terms, class Dot>
void peaks_of(const PeakJob& job) {
    constexpr size_t lanes = kLanes<F32>;
    const BlockDots& block = job.block;
    float* out = job.peaks;
    for (size_t first = 0; first < block.rows; first += job.rows_per_peak, out += kBlockQueries) {
        const size_t last = std::min(block.rows, first + job.rows_per_peak);
        for (size_t q = 0; q < kBlockQueries; q += lanes) {
            F32 peak = F32{} - std::numeric_limits<float>::infinity();
            for (size_t r = first; r < last; ++r) {
                const auto* dots = static_cast<const Dot*>(block.dots) + r * kBlockQueries;
                F32 scores = block_scores<Terms>(dots, block, r, q);
                if (block.hidden != nullptr) scores = hide_scores(scores, block.hidden[r] >> q);
                peak = scores > peak ? scores : peak;
            }
            std::memcpy(out + q, &peak, sizeof peak);
        }
    }
}

template <class Dot>
void peaks(const PeakJob& job) {
    if (job.block.terms == BlockTerms::item_biases)
        return peaks_of<BlockTerms::item_biases, Dot>(job);
    peaks_of<BlockTerms::any, Dot>(job);
}
