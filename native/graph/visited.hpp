// Which nodes a walk has seen: a bit for each, so that the marks of a million fit the second cache,
// and a log of what to clear.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "graph/layer.hpp"

namespace vecq {

class Visited {
public:
    // Forgets everything; nodes are below `count` from now on. Costs as much as was marked since the
    // last call, whatever the counts: upper layers alternate with layer 0, which grows while it is built.
    void begin(size_t count) {
        clear();
        reserve(count / 64 + 1);
        count_ = count;
        log_limit_ = std::max(count / 64 + 1, kLeastLog);
        mark(count);
    }

    // Copies those of the links that were not seen yet to `fresh`, which has room for all, marks them
    // and returns how many. What is no node counts as seen.
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

    // Marks a node; false if it was marked already, or is none.
    bool add(uint32_t node) {
        uint32_t fresh;
        return filter(&node, 1, &fresh) == 1;
    }

private:
    void mark(size_t node) { words_[node / 64] |= uint64_t{1} << node % 64; }

    void log(const uint32_t* nodes, size_t count) {
        if (overflown_ || logged_ + count > log_limit_) {
            overflown_ = true;
            return;
        }
        std::copy_n(nodes, count, log_.data() + logged_);
        logged_ += count;
    }

    // Leaves all words zero, the one that marked `count_` included.
    void clear() {
        if (words_.empty()) return;
        if (overflown_)
            std::fill_n(words_.begin(), count_ / 64 + 1, 0);
        else
            for (size_t i = 0; i < logged_; ++i) words_[log_[i] / 64] = 0;
        words_[count_ / 64] = 0;
        count_ = logged_ = 0;
        overflown_ = false;
    }

    // Grows by a half at least, so that only new words are zeroed, and each once.
    void reserve(size_t words) {
        if (words > words_.size()) words_.resize(std::max(words, words_.size() * 3 / 2));
        const size_t length = std::max(words_.size(), kLeastLog);
        if (length > log_.size()) log_.resize(length);
    }

    static constexpr size_t kLeastLog = 4 * kMaxDegree;

    size_t count_ = 0, logged_ = 0;
    size_t log_limit_ = 0;  // marks that are logged; to zero all words is faster than to clear more
    bool overflown_ = false;
    std::vector<uint64_t> words_;  // out-of-range ids count as node `count_`, which is marked
    std::vector<uint32_t> log_;
};

}  // namespace vecq
