// Inserts groups of scored nodes into a beam, with the vectors of keys of the engine where it has
// any and the beam is narrow enough.
//
// KeyVectors is a concept of lanes_<isa> over sorted arrays of keys, in whole vectors:
//   kMaxKeys                 the longest arrays for which it is faster than offers; 0: none
//   pack(mask, scores, dropped, nodes, keys)
//       Writes the keys of up to 16 nodes with a bit in the mask, without the dropped bits of
//       their scores, then kNoKey up to 24. Returns their number.
//   merge(sorted, vectors, keys, count)
//       Merges keys, in any order; the last ones drop out. Returns a position up to which nothing
//       changed.
//   first_unexpanded(sorted, from, vectors)
//       Returns the position of the first key without a mark, not before `from`.
//   mark_expanded(sorted, at)  sets the mark

template <class KeyVectors>
[[gnu::always_inline]] inline void insert_keys(Beam& beam, uint32_t mask, const float* scores,
                                               const uint32_t* nodes) {
    if (mask == 0) return;
    if constexpr (KeyVectors::kMaxKeys > 0) {
        if (beam.width() <= KeyVectors::kMaxKeys) {
            alignas(kLine) Key keys[24];
            const size_t count =
                KeyVectors::pack(mask, scores, beam.marked().dropped(), nodes, keys);
            const size_t first = KeyVectors::merge(beam.vector_keys(), beam.vectors(), keys, count);
            return beam.grow(count, first);
        }
    }
    for (; mask != 0; mask &= mask - 1) {
        const auto i = static_cast<size_t>(std::countr_zero(mask));
        beam.offer(scores[i], nodes[i]);
    }
    beam.merge_offers();
}

template <class KeyVectors>
[[gnu::always_inline]] inline bool has_unexpanded(Beam& beam) {
    if constexpr (KeyVectors::kMaxKeys > 0)
        if (beam.width() <= KeyVectors::kMaxKeys)
            return beam.skip_to(
                KeyVectors::first_unexpanded(beam.vector_keys(), beam.next(), beam.vectors()));
    return beam.has_next();
}

// Marks the best unexpanded candidate as expanded and returns its node.
template <class KeyVectors>
[[gnu::always_inline]] inline uint32_t expand(Beam& beam) {
    if constexpr (KeyVectors::kMaxKeys > 0) {
        if (beam.width() <= KeyVectors::kMaxKeys) {
            KeyVectors::mark_expanded(beam.vector_keys(), beam.next());
            return beam.node(beam.next());
        }
    }
    return beam.expand();
}
