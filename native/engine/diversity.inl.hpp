// Maximal marginal relevance over codes, lazy and greedy, see search/diversity.hpp.
//
// Candidates are compared in groups of neighboring ranks. The worth of a candidate only falls as
// rows are picked, so a group is compared with a few more picked rows, in order, only while its
// best candidate has the largest upper bound of all.

// Returns `a` where b is NaN.
inline F32 larger(F32 a, F32 b) { return b > a ? b : a; }

// Exchanges lanes whose numbers differ by `Step`, a power of two.
template <size_t Step, class V, size_t... I>
inline V swap_lanes(V lanes, std::index_sequence<I...>) {
    return __builtin_shufflevector(lanes, lanes, (I ^ Step)...);
}

// Returns the largest lane in every lane.
template <size_t Step = kLanes<F32> / 2>
inline F32 largest_lane(F32 lanes) {
    if constexpr (Step == 0)
        return lanes;
    else
        return largest_lane<Step / 2>(
            larger(lanes, swap_lanes<Step>(lanes, std::make_index_sequence<kLanes<F32>>{})));
}

struct Largest {
    F32 value;     // in every lane
    size_t place;  // of its first occurrence
};

// Returns the largest of the values, none of which is NaN; `count` is a multiple of 16.
inline Largest largest_of(const float* values, size_t count) {
    F32 lanes = floats_at(values);
    for (size_t i = kLanes<F32>; i < count; i += kLanes<F32>)
        lanes = larger(lanes, floats_at(values + i));
    const F32 value = largest_lane(lanes);
    for (size_t i = 0;; i += kLanes<F32>)
        if (const uint32_t found = lanes_not_below(floats_at(values + i), value); found != 0)
            return {value, i + static_cast<size_t>(std::countr_zero(found))};
}

// The codes that block kernels multiply.
template <class C>
struct BlockCodesOf {
    using Type = C;
};
template <HasPlanes C>
struct BlockCodesOf<C> {
    using Type = typename C::ByteCodes;
};

template <class C>
class DiversityPick {
    using Codes = typename BlockCodesOf<C>::Type;
    using RowCode = typename Codes::RowCode;
    using PackedCode = typename Codes::PackedCode;
    static_assert(kBlockRows<Codes> <= kDiversityRows);

public:
    explicit DiversityPick(const DiversityJob& job)
        : job_(job), row_codes_(codes_in<C>(job.from.rows.row_bytes)) {}

    void run() {
        for (size_t picked = 0; picked < job_.wanted;) {
            const size_t number = largest_of(job_.group_worth, job_.group_worths).place;
            if (job_.groups[number].compared < picked)
                compare(number, picked);
            else
                pick(number, picked++);
        }
    }

private:
    // Picks the best candidate of a group as row `picked`.
    void pick(size_t number, size_t picked) {
        DiversityGroup& group = job_.groups[number];
        const size_t lane = largest_of(group.worth, kBlockQueries).place;
        const size_t place = number * kBlockQueries + lane;
        job_.picked[picked] = static_cast<uint32_t>(place);
        job_.picked_inverse_norms[picked] = inverse_norm(place);
        const std::byte* row = job_.from.rows.at(job_.candidates[place]);
        RowCode* codes = picked_codes(picked);
        if constexpr (HasPlanes<C>)
            unpack_upper_planes<C::kPlanes>(row, job_.from.rows.row_bytes, codes);
        else
            std::memcpy(codes, row, job_.from.rows.row_bytes);
        group.relevance[lane] = group.worth[lane] = -std::numeric_limits<float>::infinity();
        update_worth(number);
    }

    // Compares a group with the next of the picked rows.
    void compare(size_t number, size_t picked) {
        DiversityGroup& group = job_.groups[number];
        auto* packed = static_cast<PackedCode*>(job_.packed) +
                       number * (packed_bytes<Codes>(job_.from.dim) / sizeof(PackedCode));
        if (group.compared == 0) pack(number, packed);
        const size_t count = std::min(kBlockRows<Codes>, picked - group.compared);
        alignas(kLine) int32_t dots[kBlockRows<Codes> * kBlockQueries];
        // One row, or as many as registers hold: those behind the last one are not read.
        dot_few<Codes>({packed, group.sums, job_.from.dim}, picked_codes(group.compared),
                       count == 1 ? 1 : kBlockRows<Codes>, row_codes_, dots);
        lower(group, count, reinterpret_cast<const DotOf<Codes>*>(dots));
        group.compared += count;
        update_worth(number);
    }

    void update_worth(size_t number) {
        const F32 worth = largest_of(job_.groups[number].worth, kBlockQueries).value;
        std::memcpy(job_.group_worth + number, &worth, sizeof(float));
    }

    // Lowers the worth of a group's candidates by their similarities to the next picked rows.
    void lower(DiversityGroup& group, size_t count, const DotOf<Codes>* dots) {
        const F32 zero = F32{}, lowest = zero - std::numeric_limits<float>::max();
        const float* picked_inverse_norms = job_.picked_inverse_norms + group.compared;
        for (size_t q = 0; q < kBlockQueries; q += kLanes<F32>) {
            F32 nearest = zero;
            for (size_t r = 0; r < count; ++r)
                nearest = larger(nearest,
                                 floats_at(dots + r * kBlockQueries + q) * picked_inverse_norms[r]);
            nearest =
                larger(floats_at(group.nearest + q), nearest * floats_at(group.inverse_norms + q));
            const F32 relevance = floats_at(group.relevance + q);
            // A candidate has a finite rank, a picked one has none.
            F32 worth = larger(lowest, relevance - job_.diversity * nearest);
            worth = relevance < lowest ? relevance : worth;
            std::memcpy(group.nearest + q, &nearest, sizeof nearest);
            std::memcpy(group.worth + q, &worth, sizeof worth);
        }
    }

    void pack(size_t number, PackedCode* packed) {
        const size_t first = number * kBlockQueries;
        const size_t count = std::min(kBlockQueries, job_.count - first);
        Query queries[kBlockQueries];
        for (size_t q = 0; q < count; ++q) {
            auto* codes = static_cast<typename Codes::QueryCode*>(job_.query_codes);
            queries[q] =
                as_query<C>(job_.from.rows.at(job_.candidates[first + q]), job_.from.rows.row_bytes,
                            job_.from.dim, codes + q * row_codes_);
            job_.groups[number].sums[q] = queries[q].sum;
            job_.groups[number].inverse_norms[q] = inverse_norm(first + q);
        }
        pack_block<Codes>(queries, count, job_.from.dim, packed);
    }

    // Returns the reciprocal norm of a candidate's codes, 0 for one without direction.
    float inverse_norm(size_t place) const {
        const RowConstants& row = job_.from.constants[job_.candidates[place]];
        return row.centered_norm > 0 ? row.scale / row.centered_norm : 0;
    }

    RowCode* picked_codes(size_t number) const {
        return static_cast<RowCode*>(job_.picked_codes) + number * row_codes_;
    }

    const DiversityJob& job_;
    size_t row_codes_;
};

template <class C>
void pick_diverse(const DiversityJob& job) {
    DiversityPick<C>(job).run();
}
