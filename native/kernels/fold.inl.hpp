// Lanes of any instruction set, and the reduction of 16 accumulators to 16 sums, row i in lane i,
// by one transposed reduction. Precedes lanes_<isa>.
//
// Every addition folds two accumulators into one, so that 16 sums cost at most 15 of them.

template <class V>
inline constexpr size_t kLanes = sizeof(V) / 4;

// 16 results in the fewest registers of this instruction set.
template <class V>
struct Wide {
    V part[16 / kLanes<V>];
};

template <class Element, size_t Bytes>
struct VectorOf {
    typedef Element Type __attribute__((vector_size(Bytes)));
};

template <class T>
inline T load(const void* from) {
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

// Converts lanes that hold signed sums.
template <class V>
inline auto to_float(V whole) {
    if constexpr (kLanes<V> == 1)
        return static_cast<float>(static_cast<int32_t>(whole));
    else
        return __builtin_convertvector((typename VectorOf<int32_t, sizeof(V)>::Type)whole,
                                       typename VectorOf<float, sizeof(V)>::Type);
}

// Interleaves the lower (Upper = 0) or upper half of each 16-byte group of a and b, as punpck does.
template <size_t Upper, class V, size_t... I>
inline V interleave(V a, V b, std::index_sequence<I...>) {
    constexpr size_t n = sizeof...(I), group = 16 / (sizeof(V) / n), half = group / 2;
    return __builtin_shufflevector(
        a, b, (I / group * group + I % group / 2 + half * Upper + (I % 2) * n)...);
}

// Concatenates the even (Odd = 0) or odd groups of four lanes of a and of b.
template <size_t Odd, class V, size_t... I>
inline V select_groups(V a, V b, std::index_sequence<I...>) {
    return __builtin_shufflevector(a, b, ((I / 4 * 2 + Odd) * 4 + I % 4)...);
}

template <class Element, class V>
inline V fold_interleaved(V a, V b) {
    using E = typename VectorOf<Element, sizeof(V)>::Type;
    constexpr std::make_index_sequence<sizeof(V) / sizeof(Element)> slots;
    return (V)interleave<0>((E)a, (E)b, slots) + (V)interleave<1>((E)a, (E)b, slots);
}

template <class V>
inline V fold_groups(V a, V b) {
    constexpr std::make_index_sequence<kLanes<V>> lanes;
    return select_groups<0>(a, b, lanes) + select_groups<1>(a, b, lanes);
}

// Folds eight accumulators into two vectors: each group of four lanes holds partial sums of rows
// 0-3 in the first vector and of rows 4-7 in the second.
template <class V>
inline void fold_eight(const V (&sums)[8], V* quads) {
    for (size_t i = 0; i < 2; ++i) {
        const V low = fold_interleaved<int32_t>(sums[4 * i], sums[4 * i + 1]);
        const V high = fold_interleaved<int32_t>(sums[4 * i + 2], sums[4 * i + 3]);
        quads[i] = fold_interleaved<int64_t>(low, high);
    }
}

template <class V>
inline Wide<V> fold_quads(const V (&quads)[4]) {
    if constexpr (kLanes<V> == 4) {
        return {{quads[0], quads[1], quads[2], quads[3]}};
    } else {
        const V low = fold_groups(quads[0], quads[1]), high = fold_groups(quads[2], quads[3]);
        if constexpr (kLanes<V> == 8) {
            return {{low, high}};
        } else {
            return {{fold_groups(low, high)}};
        }
    }
}
