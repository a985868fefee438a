// The best nodes that a walk has found, a sorted array of bounded size, of which some are expanded. What is
// offered waits until there is more of it and takes its place all at once: then one search for a place need
// not wait for another, and every key moves once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "base/vectors.hpp"
#include "base/key.hpp"
#include "graph/layer.hpp"

namespace vecq {

class Frontier {
public:
    // Empties it; it keeps the best `width` from now on.
    void begin(size_t width) {
        width_ = width;
        const size_t room = width + kMostHeld + 2 * kMoved;
        if (keys_.size() < room) keys_.resize(room);
        if (merged_.size() < room) merged_.resize(room);
        size_ = next_ = held_count_ = 0;
        worst_ = -std::numeric_limits<float>::infinity();
    }

    // Only what scores higher than this is kept. Of what was offered since the last `settle`, not all may
    // count yet.
    float worst() const { return worst_; }

    // Not more than this between two calls of `settle`. 32 is the fastest of 16 to 64.
    static constexpr size_t kMostHeld = 32;
    size_t room_to_offer() const { return kMostHeld - held_count_; }

    [[gnu::always_inline]] void offer(float score, uint32_t node) {
        const Key key = key_of(score, node);
        if (size_ == width_ && key >= keys_[size_ - 1]) return;
        held_[held_count_++] = key;
    }

    // Gives everything that was offered its place, as it must have before anything is read or expanded.
    // Always inline, as what it calls, for the sake of wider vectors.
    [[gnu::always_inline]] void settle() {
        if (held_count_ > 0) merge(std::exchange(held_count_, 0));
    }

    // Whether there is a node that is not expanded yet.
    bool has_next() {
        while (next_ < size_ && (keys_[next_] & kExpanded) != 0) ++next_;
        return next_ < size_;
    }
    // The best one: its score, and the node, which is marked.
    float next_score() const { return score_of(keys_[next_]); }
    uint32_t expand() {
        keys_[next_] |= kExpanded;
        return node_of(keys_[next_++]);
    }

    // The best first. Whoever reads nodes and scores only need not mind the marks.
    std::span<const Key> keys() const { return {keys_.data(), size_}; }

private:
    // How many keys are better. Without branches, for nobody could predict them.
    [[gnu::always_inline]] size_t place_of(Key key) const {
        const Key* first = keys_.data();
        for (size_t rest = size_; rest > 0;) {
            const size_t half = (rest + 1) / 2;
            first += half & (0 - size_t{first[half - 1] < key});
            rest -= half;
        }
        return static_cast<size_t>(first - keys_.data());
    }

    [[gnu::always_inline]] void merge(size_t count) {
        Key sorted[kMostHeld] = {};
        size_t places[kMostHeld];
        sort_held(count, sorted);
        for (size_t i = 0; i < count; ++i) places[i] = place_of(sorted[i]);
        const Key* from = keys_.data();
        Key* to = merged_.data();
        size_t at = 0;
        for (size_t i = 0; i < count; at = places[i++]) {
            copy(from + at, from + places[i], to + at + i);
            to[places[i] + i] = sorted[i];
        }
        copy(from + at, from + size_, to + at + count);
        keys_.swap(merged_);
        size_ = std::min(size_ + count, width_);
        next_ = std::min(next_, places[0]);
        if (size_ == width_) worst_ = score_of(keys_[size_ - 1]);
    }

    // By counting how many are better than each. `sorted` is empty.
    [[gnu::always_inline]] void sort_held(size_t count, Key* sorted) const {
        Keys chunks[kMostHeld / kMoved], ranks[kMostHeld / kMoved] = {};
        std::memcpy(chunks, held_, sizeof chunks);
        for (size_t i = 0; i < count; ++i)
            for (size_t c = 0; c * kMoved < count; ++c) ranks[c] -= (Keys)(chunks[c] > held_[i]);
        Key each[kMostHeld];
        std::memcpy(each, ranks, sizeof each);
        for (size_t i = 0; i < count; ++i) {
            size_t at = each[i];
            while (sorted[at] != 0) ++at;  // links of a file may repeat
            sorted[at] = held_[i];
        }
    }

    // Whole vectors at a time; what is behind the end may change.
    [[gnu::always_inline]] static void copy(const Key* from, const Key* end, Key* to) {
        Keys some;
        for (; from < end; from += kMoved, to += kMoved) {
            load_chunk(some, from);
            store_chunk(to, some);
        }
    }

    static constexpr size_t kMoved = 8;
    typedef Key Keys __attribute__((vector_size(kMoved * sizeof(Key))));

    size_t width_ = 0, size_ = 0, next_ = 0;
    float worst_ = 0;
    std::vector<Key> keys_, merged_;
    Key held_[kMostHeld] = {};
    size_t held_count_ = 0;
};

}  // namespace vecq
