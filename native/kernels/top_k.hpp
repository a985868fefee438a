// The best of many keys, unsorted: keys are appended to a buffer, and a full buffer is reduced to
// the best `width` keys.
#pragma once

#include <algorithm>
#include <limits>
#include <span>
#include <vector>

#include "base/order.hpp"

namespace vecq {

// Tests rows late, once they qualify for a TopK: most rows score below its bound.
class KeyTest {
public:
    // Moves the keys of rows that may be kept to the front, and returns their number.
    virtual size_t pass(std::span<Key> keys) const = 0;

protected:
    ~KeyTest() = default;
};

class TopK {
public:
    // Capacity of the buffer, in keys.
    static size_t capacity(size_t width) { return 3 * width + kSpare; }

    // Empties the buffer. From now on it keeps the best `width` of the keys that reach `bound`.
    void begin(size_t width, float bound = -std::numeric_limits<float>::infinity()) {
        width_ = width;
        bound_ = bound;
        size_ = tested_ = 0;
        test_ = nullptr;
        limit_ = capacity(width);
        if (keys_.size() < limit_) keys_.resize(limit_);
    }

    // Keys offered from now on must pass a test, which must live until the next call; null: none.
    void set_test(const KeyTest* test) {
        select();
        test_ = test;
    }

    // Keys that score below this need not be offered.
    float bound() const { return bound_; }
    size_t size() const { return std::min(size_, width_); }

    // Returns the lowest score kept, or infinity if there is none.
    float least() const {
        const auto end = keys_.begin() + static_cast<ptrdiff_t>(size_);
        const auto worst = std::max_element(keys_.begin(), end);
        return worst == end ? std::numeric_limits<float>::infinity() : score_of(*worst);
    }

    [[gnu::always_inline]] void offer(Key key) {
        keys_[size_++] = key;
        if (size_ == limit_) select();
    }

    // Returns the keys kept. No key may be offered after that.
    std::span<const Key> finish() {
        select();
        return {keys_.data(), size_};
    }

private:
    [[gnu::noinline]] void select() {
        if (test_ != nullptr)
            size_ = tested_ + test_->pass(std::span(keys_).subspan(tested_, size_ - tested_));
        tested_ = size_;
        if (size_ < width_) return;
        keep_least(std::span(keys_).first(size_), width_);
        size_ = tested_ = width_;
        bound_ = std::max(bound_, least());
    }

    static constexpr size_t kSpare = 64;

    size_t width_ = 0, size_ = 0, limit_ = 0;
    size_t tested_ = 0;  // keys at the front that passed
    const KeyTest* test_ = nullptr;
    float bound_ = 0;
    std::vector<Key> keys_;
};

}  // namespace vecq
