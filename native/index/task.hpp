// Long work on an index, a step at a time, so that whoever waits sees how far it is, and may give up.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

namespace vecq {

struct Progress {
    size_t done, total;
};

class Task {
public:
    virtual ~Task() = default;
    // A fraction of a second's work, wherever that can be cut so fine. It is over when all is done.
    virtual Progress step() = 0;
};

// Loops, one after the other.
class Loops : public Task {
public:
    using Body = std::function<void(size_t from, size_t to)>;

    // Over `count` things, of which a step does `stride`.
    void add(size_t count, size_t stride, Body body) {
        if (count == 0) return;
        progress_.total += count;
        loops_.push_back({count, stride, std::move(body)});
    }

    Progress step() override {
        if (number_ == loops_.size()) return progress_;
        const Loop& loop = loops_[number_];
        const size_t to = std::min(loop.count, at_ + loop.stride);
        loop.body(at_, to);
        progress_.done += to - at_;
        at_ = to;
        if (at_ == loop.count) {
            ++number_;
            at_ = 0;
        }
        return progress_;
    }

private:
    struct Loop {
        size_t count, stride;
        Body body;
    };

    std::vector<Loop> loops_;
    size_t number_ = 0, at_ = 0;
    Progress progress_{};
};

}  // namespace vecq
