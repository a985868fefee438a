// Bulk building: the nearest columns of rows from blocks of dots, distances between rows, and
// diverse pruning.

// The largest bits that a distance has; all of an absent column's but the lowest ones.
inline constexpr uint32_t kAbsentBits = 0x7f7fffff;
inline constexpr uint32_t kColumnMask = kMaxColumns - 1;

inline I32 smaller(I32 a, I32 b) { return a < b ? a : b; }

inline I32 integers_at(const uint32_t* at) {
    I32 integers;
    std::memcpy(&integers, at, sizeof integers);
    return integers;
}

// Returns the bits of distances, which are not negative, with column numbers as the lowest ones.
// Equal distances differ, and the bits order as integers and as floats.
inline I32 keys_of(F32 distances, I32 columns) {
    I32 bits;
    std::memcpy(&bits, &distances, sizeof bits);
    return (smaller(bits, I32{} + kAbsentBits) & ~kColumnMask) | columns;
}

// Writes those of kBlockQueries keys that are at most the bound, one after the other, and returns
// their number. A template, so that lanes_<isa> may define a function that is preferred. `to` has
// space for a vector behind the last one.
template <class Bound>
inline size_t write_at_most(Bound bound, const uint32_t* keys, uint32_t* to) {
    uint32_t marked = 0;
    for (size_t q = 0; q < kBlockQueries; q += kLanes<F32>) {
        F32 some;
        std::memcpy(&some, keys + q, sizeof some);
        marked |= lanes_not_below(bound, some) << q;
    }
    size_t count = 0;
    for (; marked != 0; marked &= marked - 1) to[count++] = keys[std::countr_zero(marked)];
    return count;
}

// Returns a bound that at least `wanted` and few more of the keys do not exceed, from the smallest
// key of each position in the blocks.
inline float bound_of(const uint32_t (&smallest)[kBlockQueries], size_t wanted) {
    uint32_t ranks[kBlockQueries] = {};
    for (size_t i = 0; i < kBlockQueries; ++i)
        for (size_t q = 0; q < kBlockQueries; ++q) ranks[q] += smallest[i] < smallest[q];
    uint32_t bound = kAbsentBits;
    for (size_t q = 0; q < kBlockQueries; ++q)
        if (ranks[q] == wanted - 1) bound = smallest[q];
    return std::bit_cast<float>(bound);
}

template <class Dot>
class NearestSelector {
public:
    explicit NearestSelector(const NearestJob& job) : job_(job) {}

    void select(size_t r) {
        const bool is_column = job_.own != kNoColumn;
        const size_t own = is_column ? job_.own + r : 0;
        const Affine row = job_.row_affine[r];
        if (is_column) job_.offsets[own] = kAbsentColumn;
        const size_t count = collect(r, own, row);
        job_.counts[r] = static_cast<uint8_t>(keep_nearest(r, own, row, count));
        if (is_column) job_.offsets[own] = -job_.distance.measure.bias * row.c;
    }

private:
    const Dot* dots_of(size_t r, size_t column) const {
        const size_t block = column / kBlockQueries;
        return static_cast<const Dot*>(job_.dots) + (block * job_.rows + r) * kBlockQueries +
               column % kBlockQueries;
    }

    // Collects the keys that may be among the nearest; a key holds the column relative to `own`, so
    // that equal rows do not all select the same ones.
    size_t collect(size_t r, size_t own, const Affine& row) {
        constexpr size_t lanes = kLanes<F32>;
        const F32 zero = F32{};
        const F32 offset = zero + (job_.distance.base - job_.distance.measure.bias * row.c);
        const F32 factor = zero + job_.distance.measure.factor * row.a;
        alignas(kLine) uint32_t smallest[kBlockQueries];
        std::fill_n(smallest, kBlockQueries, kAbsentBits);
        for (size_t first = 0; first < job_.columns; first += kBlockQueries) {
            const Dot* dots = dots_of(r, first);
            for (size_t q = 0; q < kBlockQueries; q += lanes) {
                const size_t at = first + q;
                const F32 score = floats_at(job_.factors + at) * (factor * floats_at(dots + q));
                F32 distance = (offset + floats_at(job_.offsets + at)) - score;
                distance = distance > zero ? distance : zero;
                const I32 number =
                    (integers_at(kBlockColumns.each + q) + static_cast<uint32_t>(at - q - own)) &
                    kColumnMask;
                const I32 key = keys_of(distance, number);
                const I32 least = smaller(integers_at(smallest + q), key);
                std::memcpy(smallest + q, &least, sizeof least);
                std::memcpy(keys_ + at, &key, sizeof key);
            }
        }
        if (job_.wanted == 1) {
            near_[0] = *std::min_element(smallest, smallest + kBlockQueries);
            return 1;
        }
        const F32 bound = zero + bound_of(smallest, job_.wanted);
        size_t count = 0;
        const size_t columns = job_.columns;
        for (size_t at = 0; at < columns; at += kBlockQueries)
            count += write_at_most(bound, keys_ + at, near_ + count);
        return count;
    }

    size_t keep_nearest(size_t r, size_t own, const Affine& row, size_t count) {
        const size_t kept = move_least_to_front(count);
        uint16_t* const columns = job_.nearest + r * job_.wanted;
        float* const distances = job_.distances + r * job_.wanted;
        const Dot* const dots = dots_of(r, 0);
        const size_t stride = job_.rows * kBlockQueries;
        size_t found = 0;
        for (size_t i = 0; i < kept; ++i) {
            const size_t column = (near_[i] + own) & kColumnMask;
            if ((near_[i] | kColumnMask) == (kAbsentBits | kColumnMask) || !may_select(own, column))
                continue;
            const Dot dot = dots[column / kBlockQueries * stride + column % kBlockQueries];
            columns[found] = static_cast<uint16_t>(column);
            distances[found] =
                distance(row, job_.column_affine[column], own > column || job_.own == kNoColumn,
                         static_cast<float>(dot));
            ++found;
        }
        return found;
    }

    // Offsets hide all other columns already, except where distances come near the largest float.
    bool may_select(size_t own, size_t column) const {
        return job_.own == kNoColumn || column != own;
    }

    // Sorts the least keys to the front, `wanted` of them if there are as many.
    size_t move_least_to_front(size_t count) {
        if (count <= kBlockQueries) {
            sort_few(count);
            return std::min(count, job_.wanted);
        }
        size_t kept = 0;
        for (size_t i = 0; i < count; ++i) {
            const uint32_t key = near_[i];
            if (kept == job_.wanted && key >= near_[kept - 1]) continue;
            size_t at = kept == job_.wanted ? kept - 1 : kept++;
            for (; at > 0 && near_[at - 1] > key; --at) near_[at] = near_[at - 1];
            near_[at] = key;
        }
        return kept;
    }

    // Sorts by counting the smaller keys of each one, without unpredictable branches. Keys differ.
    void sort_few(size_t count) {
        uint32_t ranks[kBlockQueries] = {};
        alignas(kLine) uint32_t keys[kBlockQueries];
        std::copy_n(near_, kBlockQueries, keys);
        for (size_t i = 0; i < count; ++i)
            for (size_t j = 0; j < kBlockQueries; ++j) ranks[j] += keys[i] < keys[j];
        for (size_t i = 0; i < count; ++i) near_[ranks[i]] = keys[i];
    }

    // The same bits from both sides: `is_later` tells which of the two affines comes first.
    float distance(const Affine& row, const Affine& column, bool is_later, float dot) const {
        const Affine* const pair[] = {&row, &column};  // selected without an unpredictable branch
        const Affine &first = *pair[is_later], &last = *pair[!is_later];
        const LinkMeasure& measure = job_.distance.measure;
        const float score = last.a * (measure.factor * first.a * dot) +
                            (measure.bias * last.c + measure.bias * first.c);
        const float distance = job_.distance.base - score;
        return distance > 0 ? std::min(distance, std::numeric_limits<float>::max()) : 0.0F;
    }

    struct BlockColumns {
        uint32_t each[kBlockQueries] = {};
        constexpr BlockColumns() {
            for (uint32_t i = 0; i < kBlockQueries; ++i) each[i] = i;
        }
    };
    static constexpr BlockColumns kBlockColumns{};

    const NearestJob& job_;
    alignas(kLine) uint32_t keys_[kMaxColumns];
    uint32_t near_[kMaxColumns + kLanes<F32>] = {};
};

template <class Dot>
void nearest(const NearestJob& job) {
    NearestSelector<Dot> selector(job);
    for (size_t r = 0; r < job.rows; ++r) selector.select(r);
}

template <class C>
void distances(const DistancesJob& job, std::byte* query_codes) {
    RowsAsQueries<C> nodes(job.scored, job.distance.measure, query_codes);
    const auto scorer = nodes.scorer(job.row, 0);
    for (size_t first = 0; first < job.count; first += 16) {
        const size_t group = std::min<size_t>(16, job.count - first);
        alignas(kLine) float scores[16];
        uint32_t ids[16];
        for (size_t i = 0; i < 16; ++i) ids[i] = job.others[first + std::min(i, group - 1)];
        scorer.score(ids, group, 0, scores);
        for (size_t i = 0; i < group; ++i) {
            const float distance = job.distance.base - scores[i];
            job.distances[first + i] =
                distance > 0 ? std::min(distance, std::numeric_limits<float>::max()) : 0.0F;
        }
    }
}

// Writes the selected neighbors to `selected`, those that fill up last, and returns their number.
// Keeps at most one row at distance 0: more would displace links to other regions.
template <class C>
size_t prune(const PruneJob& job, Neighbor* selected, std::byte* query_codes) {
    RowsAsQueries<C> nodes(job.scored, job.distance.measure, query_codes);
    uint32_t rows[kMaxCandidates + 16];
    uint16_t places[kMaxCandidates];
    bool is_struck[kMaxCandidates];
    size_t open = 0, count = 0;
    for (size_t i = 0; i < job.count; ++i) {
        is_struck[i] = false;
        if (i > 0 && distance_of(job.candidates[i]) == 0) continue;
        places[open] = static_cast<uint16_t>(i);
        rows[open++] = row_of(job.candidates[i]);
    }
    for (size_t next = 0; next < open; ++next) {
        selected[count++] = job.candidates[places[next]];
        if (count == job.max_selected) return count;
        // A row at distance 0 would strike out all directions.
        if (distance_of(selected[count - 1]) == 0) continue;
        const auto scorer = nodes.scorer(rows[next], 0);
        size_t kept = next + 1;
        for (size_t first = next + 1; first < open; first += 16) {
            const size_t group = std::min<size_t>(16, open - first);
            alignas(kLine) float scores[16];
            uint32_t ids[16];
            for (size_t i = 0; i < 16; ++i) ids[i] = rows[first + std::min(i, group - 1)];
            scorer.score(ids, group, 0, scores);
            for (size_t i = 0; i < group; ++i) {
                const uint16_t place = places[first + i];
                const bool is_occluded = job.alpha * (job.distance.base - scores[i]) <
                                         distance_of(job.candidates[place]);
                is_struck[place] = is_occluded;
                rows[kept] = ids[i];
                places[kept] = place;
                kept += !is_occluded;
            }
        }
        open = kept;
    }
    for (size_t i = 0; i < job.count && count < job.filled; ++i)
        if (is_struck[i]) selected[count++] = job.candidates[i];
    return count;
}
