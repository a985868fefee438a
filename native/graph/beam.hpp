// The beam of a walk: a sorted array of at most `ef` candidates, each expanded or not.
//
// Two ways to insert keys. Offers are merged in batches: the binary searches for their positions
// are independent of each other, and each key moves once. Where an engine has vectors of keys,
// beam.inl.hpp merges into narrow beams without search, sort or branch.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "base/memory.hpp"
#include "base/vectors.hpp"
#include "graph/marked_keys.hpp"

namespace vecq {

class Beam {
public:
    // The keys of a vector. Arrays are padded to whole vectors.
    static constexpr size_t kKeysPerVector = 8;

    // Empties the beam and sets its width, for nodes below `nodes`. Keeps its memory.
    void begin(size_t width, size_t nodes) {
        marked_ = MarkedKeys(nodes);
        set_width(width);
        next_ = offer_count_ = 0;
        assign({});
    }

    // Sets a larger width and takes dropped candidates back. The beam holds all candidates above
    // `bound`. Those below are replaced by the best of `nodes` below it that can_hold() accepts, as
    // unexpanded ones. `scores` are those of the nodes.
    template <class CanHold>
    void widen(size_t width, float bound, std::span<const uint32_t> nodes, const float* scores,
               CanHold&& can_hold) {
        const Key* const own = keys_.as<Key>();
        const Key first_lost = marked_.key_of(bound, 0);
        const auto kept = std::lower_bound(own, own + size_, first_lost) - own;
        std::vector<Key> keys(own, own + kept);
        keys.resize(static_cast<size_t>(kept) + nodes.size() + 1);
        auto last = keys.begin() + kept;
        for (size_t i = 0; i < nodes.size(); ++i) {
            *last = marked_.key_of(scores[i], nodes[i]);
            last += *last >= first_lost && can_hold(nodes[i]);
        }
        const auto end =
            keys.begin() + std::min(last - keys.begin(), static_cast<ptrdiff_t>(width));
        if (end < last) std::nth_element(keys.begin() + kept, end, last);
        std::sort(keys.begin() + kept, end);
        set_width(width);
        next_ = std::min(next_, static_cast<size_t>(kept));
        assign({keys.begin(), end});
    }

    size_t width() const { return width_; }
    // The score of the worst candidate of a full beam, otherwise -infinity. Ignores pending offers,
    // so it may be lower than the final bound, never higher.
    float worst() const { return worst_; }

    // The most offers between two merges: those of a group of rows.
    static constexpr size_t kMaxOffers = 16;

    [[gnu::always_inline]] void offer(float score, uint32_t node) {
        const Key key = marked_.key_of(score, node);
        if (size_ == width_ && key >= keys_.as<Key>()[size_ - 1]) return;
        offers_[offer_count_++] = key;
    }

    // Merges the pending offers, which must precede every read and expansion. Always inline, like
    // its callees: the vectors are those of the calling engine.
    [[gnu::always_inline]] void merge_offers() {
        if (offer_count_ > 0) merge(std::exchange(offer_count_, 0));
    }

    // Whether the beam holds an unexpanded candidate.
    bool has_next() {
        const Key* keys = keys_.as<Key>();
        while (next_ < size_ && (keys[next_] & MarkedKeys::kMark) != 0) ++next_;
        return next_ < size_;
    }
    // The score of the best unexpanded candidate, after has_next() returned true.
    float next_score() const { return score(next_); }
    // Marks that candidate as expanded and returns its node.
    uint32_t expand() {
        Key& key = keys_.as<Key>()[next_++];
        key |= MarkedKeys::kMark;
        return marked_.node_of(key);
    }

    // The candidates, best first.
    size_t size() const { return size_; }
    uint32_t node(size_t at) const { return marked_.node_of(keys_.as<Key>()[at]); }
    // In graphs of more than MarkedKeys::kMaxExactNodes nodes, up to one unit in the last place
    // below the score offered.
    float score(size_t at) const { return marked_.score_of(keys_.as<Key>()[at]); }
    // Returns the candidates, best first, as plain keys. Valid until the beam changes.
    std::span<const Key> plain_keys() {
        const Key* const keys = keys_.as<Key>();
        Key* const plain = merged_.as<Key>();
        for (size_t i = 0; i < size_; ++i) plain[i] = marked_.plain(keys[i]);
        return {plain, size_};
    }

    // For merging by vectors: keys behind size() are kNoKey, which is behind every key.
    static constexpr Key kNoKey = ~Key{0};
    Key* vector_keys() { return keys_.as<Key>(); }
    const MarkedKeys& marked() const { return marked_; }
    size_t vectors() const { return (width_ + kKeysPerVector - 1) / kKeysPerVector; }
    // Takes note of `count` keys that were merged into vector_keys(), none before position `first`.
    // Those behind the width are dropped.
    [[gnu::always_inline]] void grow(size_t count, size_t first) {
        size_ = std::min(size_ + count, width_);
        if (size_ == width_) worst_ = score(width_ - 1);
        next_ = std::min(next_, first);
    }
    // No candidate before this position is unexpanded.
    size_t next() const { return next_; }
    // Moves next(). Returns whether there is a candidate.
    bool skip_to(size_t next) {
        next_ = std::min(next, size_);
        return next < size_;
    }

private:
    void set_width(size_t width) {
        width_ = width;
        const size_t bytes = (width + kMaxOffers + 2 * kKeysPerVector) * sizeof(Key);
        if (keys_.bytes() < bytes) keys_ = Memory(bytes);
        if (merged_.bytes() < bytes) merged_ = Memory(bytes);
    }

    // Replaces the candidates by sorted keys.
    void assign(std::span<const Key> keys) {
        size_ = keys.size();
        Key* const end = std::copy(keys.begin(), keys.end(), keys_.as<Key>());
        std::fill(end, keys_.as<Key>() + vectors() * kKeysPerVector, kNoKey);
        worst_ = size_ == width_ && width_ > 0 ? score(width_ - 1)
                                               : -std::numeric_limits<float>::infinity();
    }

    // Returns the number of better keys. Branch-free, because the comparisons are unpredictable.
    [[gnu::always_inline]] size_t rank_of(Key key) const {
        const Key* const keys = keys_.as<Key>();
        const Key* first = keys;
        for (size_t rest = size_; rest > 0;) {
            const size_t half = (rest + 1) / 2;
            first += half & (0 - size_t{first[half - 1] < key});
            rest -= half;
        }
        return static_cast<size_t>(first - keys);
    }

    [[gnu::always_inline]] void merge(size_t count) {
        Key sorted[kMaxOffers] = {};
        size_t ranks[kMaxOffers];
        sort_offers(count, sorted);
        for (size_t i = 0; i < count; ++i) ranks[i] = rank_of(sorted[i]);
        const Key* from = keys_.as<Key>();
        Key* to = merged_.as<Key>();
        size_t at = 0;
        for (size_t i = 0; i < count; at = ranks[i++]) {
            copy(from + at, from + ranks[i], to + at + i);
            to[ranks[i] + i] = sorted[i];
        }
        copy(from + at, from + size_, to + at + count);
        std::swap(keys_, merged_);
        size_ = std::min(size_ + count, width_);
        next_ = std::min(next_, ranks[0]);
        if (size_ == width_) worst_ = score(size_ - 1);
    }

    // Sorts the offers by counting the better ones of each. `sorted` is all zeros.
    [[gnu::always_inline]] void sort_offers(size_t count, Key* sorted) const {
        Keys chunks[kMaxOffers / kKeysPerVector], better[kMaxOffers / kKeysPerVector] = {};
        std::memcpy(chunks, offers_, sizeof chunks);
        for (size_t i = 0; i < count; ++i)
            for (size_t c = 0; c * kKeysPerVector < count; ++c)
                better[c] -= (Keys)(chunks[c] > offers_[i]);
        Key position[kMaxOffers];
        std::memcpy(position, better, sizeof position);
        for (size_t i = 0; i < count; ++i) {
            size_t at = position[i];
            while (sorted[at] != 0) ++at;  // a file may repeat links, so offers may repeat
            sorted[at] = offers_[i];
        }
    }

    // Copies whole vectors and may overwrite up to one vector past the end.
    [[gnu::always_inline]] static void copy(const Key* from, const Key* end, Key* to) {
        Keys chunk;
        for (; from < end; from += kKeysPerVector, to += kKeysPerVector) {
            load_chunk(chunk, from);
            store_chunk(to, chunk);
        }
    }

    typedef Key Keys __attribute__((vector_size(kKeysPerVector * sizeof(Key))));

    size_t width_ = 0, size_ = 0, next_ = 0;
    float worst_ = 0;
    MarkedKeys marked_;
    Memory keys_, merged_;
    Key offers_[kMaxOffers] = {};
    size_t offer_count_ = 0;
};

}  // namespace vecq
