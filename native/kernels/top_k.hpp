// The best of many keys, in no order: they are appended until the room is full, and then the worse
// part goes.
#pragma once

#include <algorithm>
#include <limits>
#include <span>
#include <vector>

#include "base/order.hpp"

namespace vecq {

class TopK {
public:
    // Keys that there is room for.
    static size_t room(size_t width) { return 3 * width + kSpare; }

    // Empties it; of what doesn't score lower than `bound` it keeps the best `width` from now on.
    void begin(size_t width, float bound = -std::numeric_limits<float>::infinity()) {
        width_ = width;
        bound_ = bound;
        size_ = 0;
        limit_ = room(width);
        if (keys_.size() < limit_) keys_.resize(limit_);
    }

    // What scores lower than this is not worth offering.
    float bound() const { return bound_; }
    size_t size() const { return std::min(size_, width_); }

    // Nothing that is kept scores less; infinite if there is nothing.
    float least() const {
        const auto end = keys_.begin() + static_cast<ptrdiff_t>(size_);
        const auto worst = std::max_element(keys_.begin(), end);
        return worst == end ? std::numeric_limits<float>::infinity() : score_of(*worst);
    }

    [[gnu::always_inline]] void offer(Key key) {
        keys_[size_++] = key;
        if (size_ == limit_) select();
    }

    // Offering ends here.
    std::span<const Key> finish() {
        select();
        return {keys_.data(), size_};
    }

private:
    [[gnu::noinline]] void select() {
        if (size_ < width_) return;
        keep_least(std::span(keys_).first(size_), width_);
        size_ = width_;
        bound_ = std::max(bound_, least());
    }

    static constexpr size_t kSpare = 64;

    size_t width_ = 0, size_ = 0, limit_ = 0;
    float bound_ = 0;
    std::vector<Key> keys_;
};

}  // namespace vecq
