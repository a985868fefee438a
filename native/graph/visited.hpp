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
    // Forgets everything; nodes are below `count` from now on.
    void begin(size_t count) {
        clear();
        if (count_ == count && !words_.empty()) return;
        count_ = 0;  // until there is memory
        words_.assign(count / 64 + 1, 0);
        log_.resize(std::max(words_.size(), 4 * kMaxDegree));
        count_ = count;
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
        if (overflown_ || logged_ + count > log_.size()) {
            overflown_ = true;
            return;
        }
        std::copy_n(nodes, count, log_.data() + logged_);
        logged_ += count;
    }

    void clear() {
        if (overflown_)
            std::fill(words_.begin(), words_.end(), 0);
        else
            for (size_t i = 0; i < logged_; ++i) words_[log_[i] / 64] = 0;
        logged_ = 0;
        overflown_ = false;
        if (!words_.empty()) mark(count_);
    }

    size_t count_ = 0, logged_ = 0;
    bool overflown_ = false;
    std::vector<uint64_t> words_;
    std::vector<uint32_t> log_;
};

}  // namespace vecq
