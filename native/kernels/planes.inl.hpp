// Dots with the nibble planes of int12, int8_planes and int4 rows, see base/layout.hpp.
//
// Nibbles are of lanes_<isa>:
//   load_codes(query)          loads codes of a query
//   add(words, nibbles, codes) adds the products of a Vector of nibbles with codes
//   total(words)               makes an I32 of words, which hold the sums of one line
// Without `total`, words are an I32 and hold the sums of any number of lines.

// Codes in kOf planes, of which the first kRead are read: 1 by walks, at most 2 by links and scans,
// which are as fine as int8, and all to rescore. Bytes are the int8 codes of the engine.
template <class Bytes, class Nibbles, size_t kOf, size_t kRead>
struct PlaneCodes : Bytes {
    static constexpr size_t kPlanes = kOf, kPlanesRead = kRead;
    // The mean of the planes that are not read. Those of int12 are centered.
    static constexpr int32_t kUnread = kOf == 2 ? kNibbleOffset : 0;
    using NibbleCodes = Nibbles;
    using ByteCodes = Bytes;
    template <size_t kOther>
    using Reading = PlaneCodes<Bytes, Nibbles, kOf, kOther>;
};

template <class C>
concept HasPlanes = requires { C::kPlanesRead; };

// Planes per row, and those that C reads. Rows of other codes are one plane.
template <class C>
inline constexpr size_t kPlanesOf = 1;
template <HasPlanes C>
inline constexpr size_t kPlanesOf<C> = C::kPlanes;
template <class C>
inline constexpr size_t kPlanesReadBy = 1;
template <HasPlanes C>
inline constexpr size_t kPlanesReadBy<C> = C::kPlanesRead;

template <class Nibbles>
concept HasLineSums = requires(typename Nibbles::Words words) { Nibbles::total(words); };

// Sums nibble times code of eight rows over one plane.
template <class Nibbles, size_t Fixed>
inline void sum_eight_nibbles(const int8_t* query, const std::byte* plane, size_t row_bytes,
                              const uint32_t* ids, Lines<Fixed> lines, I32 (&sums)[8]) {
    using Vector = typename Nibbles::Vector;
    using Pairs = std::conditional_t<kLanes<I32> == 1, uint8_t,
                                     typename VectorOf<uint8_t, sizeof(I32)>::Type>;
    const std::byte* row[8];
    for (size_t i = 0; i < 8; ++i) {
        row[i] = plane + ids[i] * row_bytes;
        sums[i] = I32{};
    }
    const auto add = [&](auto words, size_t i, size_t at, auto low, auto high) {
        const auto pairs = load<Pairs>(row[i] + at);
        words = Nibbles::add(words, (Vector)(pairs & 15), low);
        return Nibbles::add(words, (Vector)(pairs >> 4), high);
    };
    for (size_t line = 0; line < lines.bytes(); line += kLine, query += kPlaneLineCodes) {
        if constexpr (!HasLineSums<Nibbles>) {
            for (size_t at = 0; at < kLine; at += sizeof(Pairs)) {
                const auto low = Nibbles::load_codes(query + at);
                const auto high = Nibbles::load_codes(query + kLine + at);
                for (size_t i = 0; i < 8; ++i) sums[i] = add(sums[i], i, line + at, low, high);
            }
        } else {
            for (size_t i = 0; i < 8; ++i) {
                typename Nibbles::Words words{};
                for (size_t at = 0; at < kLine; at += sizeof(Pairs))
                    words = add(words, i, line + at, Nibbles::load_codes(query + at),
                                Nibbles::load_codes(query + kLine + at));
                sums[i] += Nibbles::total(words);
            }
        }
    }
}

// Returns the dots of one plane with the first `count` of 16 rows; all 16 ids must be valid.
template <class C, size_t Fixed>
inline Wide<I32> dot_plane(const Query& query, const Rows& rows, size_t plane, const uint32_t* ids,
                           size_t count, Lines<Fixed> lines) {
    const auto* codes = static_cast<const int8_t*>(query.codes);
    const std::byte* first_row = rows.data + plane * lines.bytes();
    Wide<I32> dots = fold_sixteen<I32>(count, [&](size_t first, I32(&sums)[8]) {
        sum_eight_nibbles<typename C::NibbleCodes>(codes, first_row, rows.row_bytes, ids + first,
                                                   lines, sums);
    });
    const I32 correction = I32{} + static_cast<uint32_t>(kNibbleOffset * query.sum);
    for (I32& part : dots.part) part -= correction;
    return dots;
}

// The same of the upper planes together, in units of an int8 dot: of the first, or the first two.
template <class C, size_t Fixed>
inline Wide<I32> dot_upper_planes(const Query& query, const Rows& rows, const uint32_t* ids,
                                  size_t count, Lines<Fixed> lines) {
    Wide<I32> dots = dot_plane<C>(query, rows, 0, ids, count, lines);
    const I32 unread = I32{} + static_cast<uint32_t>(C::kUnread * query.sum);
    for (I32& part : dots.part) part = part * 16 + unread;
    if constexpr (C::kPlanesRead > 1) {
        const Wide<I32> middle = dot_plane<C>(query, rows, 1, ids, count, lines);
        for (size_t i = 0; i < 16 / kLanes<I32>; ++i) dots.part[i] += middle.part[i];
    }
    return dots;
}

// The kernel dot_rows: dots as fine as those of int8 rows.
template <HasPlanes C>
void dot_upper_rows(const Query& query, const Rows& rows, const uint32_t* ids, size_t count,
                    void* dots) {
    with_lines(rows.row_bytes / C::kPlanes, [&](auto lines) {
        for (size_t first = 0; first < count; first += 16) {
            uint32_t group[16];
            const size_t size = std::min<size_t>(16, count - first);
            for (size_t i = 0; i < 16; ++i) group[i] = ids[first + std::min(i, size - 1)];
            const Wide<I32> wide = dot_upper_planes<C>(query, rows, group, size, lines);
            std::memcpy(static_cast<uint32_t*>(dots) + first, &wide, size * sizeof(uint32_t));
        }
    });
}

// Writes the upper two of kPlanes planes of a row, or the only one, as bytes of an int8 row.
template <size_t kPlanes>
inline void unpack_upper_planes(const std::byte* row, size_t row_bytes, uint8_t* bytes) {
    using Vector = typename VectorOf<uint8_t, std::max<size_t>(sizeof(I32), 16)>::Type;
    const size_t plane = row_bytes / kPlanes;
    constexpr auto offset =
        static_cast<uint8_t>(kPlanes == 3 ? kRowOffset - 17 * kNibbleOffset : 0);
    for (size_t line = 0; line < plane; line += kLine, bytes += kPlaneLineCodes) {
        for (size_t at = 0; at < kLine; at += sizeof(Vector)) {
            const auto upper = load<Vector>(row + line + at);
            auto middle = Vector{};
            if constexpr (kPlanes > 1) middle = load<Vector>(row + plane + line + at);
            const Vector low = (upper << 4 | (middle & 15)) + offset;
            const Vector high = ((upper & 0xf0) | middle >> 4) + offset;
            std::memcpy(bytes + at, &low, sizeof low);
            std::memcpy(bytes + kLine + at, &high, sizeof high);
        }
    }
}

// The kernel dot_block: unpacks rows, which all queries of the block share, for `dot_bytes`, the
// kernel of int8 rows.
template <size_t kPlanes, void (*dot_bytes)(const QueryBlock&, const Rows&, void*)>
void dot_block_of_planes(const QueryBlock& queries, const Rows& rows, void* dots) {
    constexpr size_t most = (kMaxDim + kPlaneLineCodes - 1) / kPlaneLineCodes * kPlaneLineCodes;
    alignas(kLine) uint8_t bytes[most];
    const size_t stride = rows.row_bytes / kPlanes * 2, at_once = most / stride;
    for (size_t first = 0; first < rows.count; first += at_once) {
        const size_t count = std::min(at_once, rows.count - first);
        for (size_t i = 0; i < count; ++i)
            unpack_upper_planes<kPlanes>(rows.at(first + i), rows.row_bytes, bytes + i * stride);
        dot_bytes(queries, {reinterpret_cast<const std::byte*>(bytes), stride, count},
                  static_cast<uint32_t*>(dots) + first * kBlockQueries);
    }
}
