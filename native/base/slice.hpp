// How long a reader with much work holds a lock that writers wait for.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>

namespace vecq {

// A part of a reader's work under one read lock. It ends at the first check after kLength at which
// a writer waits; without writers it never ends. Any thread that takes part in the work may ask.
class Slice {
public:
    // Never ends.
    Slice() = default;
    Slice(const std::atomic<size_t>& waiting_writers, std::chrono::nanoseconds last_write)
        : waiting_writers_(&waiting_writers), end_(Clock::now() + kLength) {
        expects_writers_ = end_.time_since_epoch() - last_write < kLately;
    }

    // Whether writers came lately: then work should be cut finely from the beginning.
    bool expects_writers() const { return expects_writers_; }

    bool is_over() const {
        return waiting_writers_ != nullptr &&
               waiting_writers_->load(std::memory_order_relaxed) != 0 && Clock::now() >= end_;
    }

private:
    using Clock = std::chrono::steady_clock;
    // A writer waits no longer than this, and a slice costs little beside its work.
    static constexpr std::chrono::milliseconds kLength{1};
    static constexpr std::chrono::seconds kLately{1};

    const std::atomic<size_t>* waiting_writers_ = nullptr;
    Clock::time_point end_;
    bool expects_writers_ = false;
};

}  // namespace vecq
