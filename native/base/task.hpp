// Long work in steps of a fraction of a second: callers see the progress and may stop in between.
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
    // Done when progress.done == progress.total.
    virtual Progress step() = 0;
};

// A task that runs loops in sequence.
class LoopTask : public Task {
public:
    using Body = std::function<void(size_t from, size_t to)>;

    // Adds a loop over `count` elements, `stride` elements per step.
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
