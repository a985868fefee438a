// The best nodes that a walk has found, a sorted array of bounded size, of which some are expanded.
#pragma once

#include <cstddef>
#include <limits>
#include <span>
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
        if (keys_.size() < width + 2 * kMoved) keys_.resize(width + 2 * kMoved);
        size_ = next_ = 0;
        worst_ = -std::numeric_limits<float>::infinity();
    }

    // Only what scores higher than this is kept.
    float worst() const { return worst_; }

    [[gnu::always_inline]] void offer(float score, uint32_t node) {
        const Key key = key_of(score, node);
        if (size_ == width_ && key >= keys_[size_ - 1]) return;
        const size_t at = place_of(key);
        size_ += size_ < width_;
        make_room(keys_.data() + at, keys_.data() + size_ - 1);
        keys_[at] = key;
        if (at < next_) next_ = at;
        if (size_ == width_) worst_ = score_of(keys_[size_ - 1]);
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

    // Moves what is from `at` on up by one, whole vectors at a time; what is behind the end may change.
    [[gnu::always_inline]] static void make_room(Key* at, Key* end) {
        Keys lowest, some;
        load_chunk(lowest, at);
        for (; end > at + kMoved; end -= kMoved) {
            load_chunk(some, end - kMoved);
            store_chunk(end - kMoved + 1, some);
        }
        store_chunk(at + 1, lowest);
    }

    static constexpr size_t kMoved = 8;
    typedef Key Keys __attribute__((vector_size(kMoved * sizeof(Key))));

    size_t width_ = 0, size_ = 0, next_ = 0;
    float worst_ = 0;
    std::vector<Key> keys_;
};

}  // namespace vecq
