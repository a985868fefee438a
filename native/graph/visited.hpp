// The visited set of a walk: one bit per node, so that a million nodes fit L2, and a log of visited
// nodes. The log makes clearing proportional to the visited nodes, and it is the queue of the walk:
// nodes wait for their scores where they were logged.
//
// In layers of more than kMaxBits nodes a hash set replaces the bits: there it takes less time, and
// memory for the visited nodes only, not for all.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/row_set.hpp"
#include "graph/layer.hpp"

namespace vecq {

class Visited {
public:
    // Clears the set; valid ids are below `count` from now on. Costs time in proportion to the
    // visited nodes, even if counts alternate, as those of upper layers and a growing layer 0 do.
    void begin(size_t count) {
        clear();
        is_hashed_ = count > kMaxBits;
        if (is_hashed_)
            hashed_.begin(kFewNodes);
        else
            reserve_words(count / 64 + 1);
        count_ = count;
        if (!is_hashed_) mark(count);
    }

    // Marks links, appends the unvisited ones to the log and returns their number. Out-of-range ids
    // count as visited.
    [[gnu::always_inline]] size_t add(const uint32_t* links, size_t count) {
        reserve_log(count);
        if (is_hashed_) return add_hashed(links, count);
        uint64_t* const words = words_.data();
        uint32_t* const fresh = log_.data() + logged_;
        const size_t last = count_;
        size_t found = 0;
        for (size_t i = 0; i < count; ++i) {
            const uint32_t node = read_link(links[i]);
            const size_t at = std::min<size_t>(node, last);
            const uint64_t before = words[at / 64];
            fresh[found] = node;
            found += (before >> at % 64 & 1) ^ 1;
            words[at / 64] = before | uint64_t{1} << at % 64;
        }
        logged_ += found;
        return found;
    }

    // The log: size() nodes in the order in which they were added, then at least kPadding elements
    // that may be written. Valid until the next add().
    uint32_t* log() { return log_.data(); }
    size_t size() const { return logged_; }
    static constexpr size_t kPadding = 16;
    // The most nodes of a layer that have bits, 32 MiB of them. Per link of random lists bits took
    // 4 to 8 ns at 2^26 nodes, 14 at 2^28 and 16 to 18 at 2^32; the hash set 9 to 15.
    static constexpr size_t kMaxBits = size_t{1} << 28;

    // Takes the last `count` nodes out of the log. They stay marked.
    void set_aside(size_t count) {
        logged_ -= count;
        const auto first = log_.begin() + static_cast<ptrdiff_t>(logged_);
        aside_.insert(aside_.end(), first, first + static_cast<ptrdiff_t>(count));
    }

private:
    // The visited nodes that a hash set has memory for at first.
    static constexpr size_t kFewNodes = 1024;

    [[gnu::noinline]] size_t add_hashed(const uint32_t* links, size_t count) {
        hashed_.reserve_more(count);
        const size_t before = logged_;
        for (size_t i = 0; i < count; ++i) {
            const uint32_t node = read_link(links[i]);
            if (node < count_ && hashed_.insert(node)) log_[logged_++] = node;
        }
        return logged_ - before;
    }

    void mark(size_t node) { words_[node / 64] |= uint64_t{1} << node % 64; }

    // Zeroes all words with marks, including the one of the mark at `count_`.
    void clear() {
        if (!words_.empty() && !is_hashed_) clear_words();
        count_ = logged_ = 0;
        aside_.clear();
    }

    void clear_words() {
        const size_t words = count_ / 64 + 1;
        if (logged_ + aside_.size() > words) {
            std::fill_n(words_.begin(), words, 0);
        } else {
            for (size_t i = 0; i < logged_; ++i) words_[log_[i] / 64] = 0;
            for (const uint32_t node : aside_) words_[node / 64] = 0;
        }
        words_[count_ / 64] = 0;
    }

    // Both grow by at least half; only new words are zeroed, so that growth costs amortized
    // constant time.
    void reserve_words(size_t words) {
        if (words > words_.size()) words_.resize(std::max(words, words_.size() * 3 / 2));
    }
    void reserve_log(size_t count) {
        const size_t needed = logged_ + count + kPadding;
        if (needed > log_.size()) log_.resize(std::max(needed, log_.size() * 3 / 2));
    }

    size_t count_ = 0, logged_ = 0;
    bool is_hashed_ = false;
    RowSet hashed_;
    std::vector<uint64_t> words_;  // out-of-range ids map to the bit `count_`, which is always set
    std::vector<uint32_t> log_, aside_;
};

}  // namespace vecq
