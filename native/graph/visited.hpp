// The visited set of a walk: one bit per node, so that a million nodes fit L2, and a log of set
// bits, which makes clearing proportional to the visited nodes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "graph/layer.hpp"

namespace vecq {

class Visited {
public:
    // Clears the set; valid ids are below `count` from now on. Costs time in proportion to the
    // marks since the last call, even if counts alternate, as those of upper layers and a growing
    // layer 0 do.
    void begin(size_t count) {
        clear();
        reserve(count / 64 + 1);
        count_ = count;
        log_limit_ = std::max(count / 64 + 1, kMinLog);
        mark(count);
    }

    // Copies the unvisited links to `fresh`, which has room for all, marks them and returns their
    // number. Out-of-range ids count as visited.
    [[gnu::always_inline]] size_t filter(const uint32_t* links, size_t count, uint32_t* fresh) {
        uint64_t* words = words_.data();
        size_t found = 0;
        for (size_t i = 0; i < count; ++i) {
            const uint32_t node = read_link(links[i]);
            const size_t at = std::min<size_t>(node, count_);
            const uint64_t before = words[at / 64];
            fresh[found] = node;
            found += (before >> at % 64 & 1) ^ 1;
            words[at / 64] = before | uint64_t{1} << at % 64;
        }
        log(fresh, found);
        return found;
    }

    // Marks a node. Returns false if it was visited already or is out of range.
    bool add(uint32_t node) {
        uint32_t fresh;
        return filter(&node, 1, &fresh) == 1;
    }

private:
    void mark(size_t node) { words_[node / 64] |= uint64_t{1} << node % 64; }

    void log(const uint32_t* nodes, size_t count) {
        if (has_overflowed_ || logged_ + count > log_limit_) {
            has_overflowed_ = true;
            return;
        }
        std::copy_n(nodes, count, log_.data() + logged_);
        logged_ += count;
    }

    // Zeroes all words, including the one of the mark at `count_`.
    void clear() {
        if (words_.empty()) return;
        if (has_overflowed_)
            std::fill_n(words_.begin(), count_ / 64 + 1, 0);
        else
            for (size_t i = 0; i < logged_; ++i) words_[log_[i] / 64] = 0;
        words_[count_ / 64] = 0;
        count_ = logged_ = 0;
        has_overflowed_ = false;
    }

    // Grows by at least half; only new words are zeroed, so that growth costs amortized constant
    // time.
    void reserve(size_t words) {
        if (words > words_.size()) words_.resize(std::max(words, words_.size() * 3 / 2));
        const size_t length = std::max(words_.size(), kMinLog);
        if (length > log_.size()) log_.resize(length);
    }

    static constexpr size_t kMinLog = 4 * kMaxDegree;

    size_t count_ = 0, logged_ = 0;
    size_t log_limit_ = 0;  // beyond this many marks, zeroing all words is faster than the log
    bool has_overflowed_ = false;
    std::vector<uint64_t> words_;  // out-of-range ids map to the bit `count_`, which is always set
    std::vector<uint32_t> log_;
};

}  // namespace vecq
