// Scores rows at any position for one query, sixteen at a time, and makes queries from rows.

// Returns a mask with one bit per score, set where the score is above the bound.
inline uint32_t above(const Wide<F32>& scores, float bound) {
    uint32_t mask = 0;
    for (size_t i = 0; i < 16 / kLanes<F32>; ++i)
        mask |= lanes_above(scores.part[i], F32{} + bound) << i * kLanes<F32>;
    return mask;
}

// The affine constants of sixteen rows as a structure of arrays.
template <class V>
struct AffineSixteen {
    Wide<V> a, c;
};

template <size_t Odd, class V, size_t... I>
inline V every_second(V a, V b, std::index_sequence<I...>) {
    return __builtin_shufflevector(a, b, (2 * I + Odd)...);
}

template <class V>
inline AffineSixteen<V> split(const Affine (&pairs)[16]) {
    AffineSixteen<V> all;
    if constexpr (kLanes<V> == 1) {
        for (size_t i = 0; i < 16; ++i) {
            all.a.part[i] = pairs[i].a;
            all.c.part[i] = pairs[i].c;
        }
    } else {
        constexpr std::make_index_sequence<kLanes<V>> lanes;
        Wide<V> halves[2];
        std::memcpy(halves, pairs, sizeof pairs);
        const V* half = halves[0].part;
        for (size_t i = 0; i < 16 / kLanes<V>; ++i) {
            all.a.part[i] = every_second<0>(half[2 * i], half[2 * i + 1], lanes);
            all.c.part[i] = every_second<1>(half[2 * i], half[2 * i + 1], lanes);
        }
    }
    return all;
}

// Replaces scores that overflowed downwards or are NaN by the lowest float: no bound rejects it
// while a beam has free slots, so a walk continues through such rows.
inline F32 at_least_lowest(F32 scores) {
    const F32 lowest = F32{} - std::numeric_limits<float>::max();
    return scores > lowest ? scores : lowest;
}

template <class C>
class RowScorer {
public:
    RowScorer() = default;
    RowScorer(const EncodedQuery& query, const ScoredRows& scored)
        : query_(query),
          rows_(scored.rows),
          affine_(reinterpret_cast<const std::byte*>(scored.affine)) {
        if (scored.biased == nullptr)
            use_affine_of_planes(scored);
        else if (query.item_bias_weight != 0)
            use_affine(scored.biased, Affines::biased);
        const size_t lines = scored.rows.row_bytes / kPlanesOf<C> * kPlanesReadBy<C> / kLine;
        prefetched_bytes_ = std::min(lines, kMaxLines) * kLine;
        prefetches_affines_ = affines_ != Affines::in_rows || lines > kMaxLines;
        prefetch_distance_ = std::clamp<size_t>(kLinesAhead / lines, 16, 48);
    }

    // The number of rows to prefetch ahead of the scored ones.
    size_t prefetch_distance() const { return prefetch_distance_; }

    // Prefetches rows into the cache that tracks the most outstanding misses. Always inline, see
    // Prefetch.
    [[gnu::always_inline]] void prefetch(const uint32_t* ids, size_t count) const {
        if (prefers_first_cache_)
            prefetch_to<3>(ids, count);
        else
            prefetch_to<2>(ids, count);
    }

    // Scores `count` rows, at most sixteen, and returns a mask of the scores above the bound. `ids`
    // always holds sixteen valid ids.
    uint32_t score(const uint32_t* ids, size_t count, float bound, float* scores) const {
        Affine pairs[16];
        for (size_t i = 0; i < 16; ++i) pairs[i] = affine_of(ids[i]);
        Wide<F32> dots;
        with_lines(rows_.row_bytes / kPlanesOf<C>,
                   [&](auto lines) { dots = dots_of(ids, count, lines); });
        const AffineSixteen<F32> affine = split<F32>(pairs);
        Wide<F32> all;
        for (size_t i = 0; i < 16 / kLanes<F32>; ++i)
            all.part[i] = affine.a.part[i] * (query_.scale * dots.part[i]) +
                          (query_.bias * affine.c.part[i] + query_.offset);
        if (affines_ == Affines::biased) add_biases(ids, all);
        for (F32& part : all.part) part = at_least_lowest(part);
        std::memcpy(scores, &all, sizeof all);
        return above(all, bound) & (0xffffU >> (16 - count));
    }

private:
    // The best of a sweep over dims 64 to 1536. The hardware prefetcher fetches the rest of a long
    // row.
    static constexpr size_t kMaxLines = 16, kLinesAhead = 96;

    // `Locality` is that of __builtin_prefetch: 3 for the first cache, 2 for the second.
    template <int Locality>
    [[gnu::always_inline]] void prefetch_to(const uint32_t* ids, size_t count) const {
        for (size_t i = 0; i < count; ++i) {
            if (prefetches_affines_) __builtin_prefetch(affine_at(ids[i]), 0, Locality);
            const std::byte* row = rows_.at(ids[i]);
            for (size_t at = 0; at < prefetched_bytes_; at += kLine)
                __builtin_prefetch(row + at, 0, Locality);
        }
    }

    // Elements of an array, those before the bias of their row, or words in the rows.
    enum class Affines : uint8_t { plain, biased, in_rows };

    // Chooses the affines for the planes that C reads.
    void use_affine_of_planes(const ScoredRows& scored) {
        if (kPlanesReadBy<C> == 1 && scored.row_affine) {
            affine_ = scored.rows.data + scored.row_affine.offset();
            affine_stride_ = scored.rows.row_bytes;
            affines_ = Affines::in_rows;
        } else if constexpr (kPlanesReadBy<C> < kPlanesOf<C>) {
            const Affine* upper = kPlanesReadBy<C> == 1 ? scored.walk_affine : scored.scan_affine;
            if (upper != nullptr) use_affine(upper, Affines::plain);
        }
    }

    template <class Element>
    void use_affine(const Element* first, Affines affines) {
        affine_ = reinterpret_cast<const std::byte*>(first);
        affine_stride_ = sizeof(Element);
        affines_ = affines;
    }

    const std::byte* affine_at(uint32_t row) const { return affine_ + row * affine_stride_; }

    Affine affine_of(uint32_t row) const {
        if constexpr (HasPlanes<C> && kPlanesReadBy<C> == 1)
            if (affines_ == Affines::in_rows) return RowAffine::read_nibbles(affine_at(row));
        return RowAffine::read_bytes(affine_at(row));
    }

    void add_biases(const uint32_t* ids, Wide<F32>& scores) const {
        float biases[16];
        for (size_t i = 0; i < 16; ++i)
            std::memcpy(&biases[i], affine_at(ids[i]) + offsetof(BiasedAffine, bias),
                        sizeof(float));
        Wide<F32> all;
        std::memcpy(&all, biases, sizeof all);
        for (size_t i = 0; i < 16 / kLanes<F32>; ++i)
            scores.part[i] += query_.item_bias_weight * all.part[i];
    }

    template <size_t Fixed>
    Wide<F32> dots_of(const uint32_t* ids, size_t count, Lines<Fixed> lines) const {
        Wide<F32> dots = dots_of_part(query_.parts[0], ids, count, lines);
        if (query_.part_count == 1) return dots;
        const Wide<F32> low = dots_of_part(query_.parts[1], ids, count, lines);
        for (size_t i = 0; i < 16 / kLanes<F32>; ++i)
            dots.part[i] = kHighPartWeight * dots.part[i] + low.part[i];
        return dots;
    }

    template <size_t Fixed>
    Wide<F32> dots_of_part(const Query& part, const uint32_t* ids, size_t count,
                           Lines<Fixed> lines) const {
        if constexpr (!HasPlanes<C>) {
            return as_floats(dot_sixteen<C>(part, rows_.data, ids, count, lines));
        } else {
            Wide<F32> dots = as_floats(dot_upper_planes<C>(part, rows_, ids, count, lines));
            if constexpr (C::kPlanesRead <= 2) return dots;
            const Wide<F32> lower = as_floats(dot_plane<C>(part, rows_, 2, ids, count, lines));
            for (size_t i = 0; i < 16 / kLanes<F32>; ++i)
                dots.part[i] += lower.part[i] * (1.0F / 16);
            return dots;
        }
    }

    static Wide<F32> as_floats(const Wide<F32>& dots) { return dots; }
    static Wide<F32> as_floats(const Wide<I32>& dots) {
        Wide<F32> floats;
        for (size_t i = 0; i < 16 / kLanes<F32>; ++i) floats.part[i] = to_float(dots.part[i]);
        return floats;
    }

    EncodedQuery query_;
    Rows rows_;
    const std::byte* affine_ = nullptr;
    size_t affine_stride_ = sizeof(Affine);
    Affines affines_ = Affines::plain;
    bool prefetches_affines_ = true;
    size_t prefetched_bytes_ = 0, prefetch_distance_ = 0;
    bool prefers_first_cache_ = cpu::prefers_first_cache();
};

// Codes of a padded row.
template <class C>
constexpr size_t codes_in(size_t row_bytes) {
    if constexpr (HasPlanes<C>) return row_bytes / C::kPlanes * 2;
    return row_bytes / sizeof(typename C::RowCode);
}

// Returns the row as a query. Writes the codes to `codes` if a query stores them in another type,
// and 0 for the padding, which may hold an affine.
template <class C>
inline Query as_query(const std::byte* row, size_t row_bytes, size_t dim, void* codes) {
    using Row = typename C::RowCode;
    using QueryCode = typename C::QueryCode;
    const auto* from = reinterpret_cast<const Row*>(row);
    auto* to = static_cast<QueryCode*>(codes);
    const size_t count = codes_in<C>(row_bytes);
    if constexpr (std::is_same_v<Row, uint8_t>) {
        if constexpr (HasPlanes<C>) {
            from = static_cast<const Row*>(codes);
            unpack_upper_planes<C::kPlanes>(row, row_bytes, static_cast<Row*>(codes));
        }
        int32_t sum = 0;
        for (size_t i = 0; i < dim; ++i) {
            to[i] = static_cast<QueryCode>(from[i] - kRowOffset);
            sum += to[i];
        }
        std::fill(to + dim, to + count, QueryCode{0});
        return {codes, sum};
    } else if constexpr (std::is_same_v<Row, QueryCode>) {
        return {row, 0};
    } else {
        for (size_t i = 0; i < count; ++i) to[i] = half_to_float(from[i]);
        return {codes, 0};
    }
}

// Makes rows the queries of other rows, for linking. `query_codes` holds query_bytes() bytes per
// slot.
template <class C>
class RowsAsQueries {
public:
    using Scorer = RowScorer<C>;

    RowsAsQueries(const ScoredRows& scored, const LinkMeasure& measure, std::byte* query_codes)
        : scored_(scored), measure_(measure), query_codes_(query_codes) {}

    static size_t query_bytes(size_t row_bytes) {
        return codes_in<C>(row_bytes) * sizeof(typename C::QueryCode);
    }

    // Returns the scorer of a row, valid until the next call with the same slot.
    Scorer scorer(uint32_t row, size_t slot) {
        const size_t bytes = scored_.rows.row_bytes;
        const Affine own = scored_.affine[row];
        EncodedQuery query{};
        query.parts[0] = as_query<C>(scored_.rows.at(row), bytes, scored_.dim,
                                     query_codes_ + slot * query_bytes(bytes));
        query.part_count = 1;
        query.scale = measure_.factor * own.a;
        query.bias = measure_.bias;
        query.offset = measure_.bias * own.c;
        return Scorer(query, scored_);
    }

    bool are_equal(uint32_t a, uint32_t b) const {
        constexpr size_t planes = HasPlanes<C> ? kPlanesOf<C> : 0;
        const Rows& rows = scored_.rows;
        RowAffine room;
        if constexpr (sizeof(typename C::RowCode) == 1)
            room = RowAffine(planes, rows.row_bytes, scored_.dim);
        return room.has_equal_codes(rows.at(a), rows.at(b), rows.row_bytes) &&
               scored_.affine[a].a == scored_.affine[b].a;
    }

private:
    ScoredRows scored_;
    LinkMeasure measure_;
    std::byte* query_codes_;
};
