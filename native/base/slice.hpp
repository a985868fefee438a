// A time slice of a long read: bounds how long it holds a lock that writers wait for, and ends
// early if the caller cancels the read.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace vecq {

// Whether the caller has set its flag, which may be null, from another thread.
inline bool is_cancelled(const int32_t* flag) {
    return flag != nullptr && __atomic_load_n(flag, __ATOMIC_RELAXED) != 0;
}

// One read lock's share of a long read. It ends at the first check after kLength at which a writer
// waits, or at the first check after its caller cancelled it; otherwise it never ends. Thread-safe.
class Slice {
public:
    // Never ends.
    Slice() = default;
    Slice(const std::atomic<size_t>& waiting_writers, std::chrono::nanoseconds last_write)
        : waiting_writers_(&waiting_writers), end_(Clock::now() + kLength) {
        expects_writers_ = end_.time_since_epoch() - last_write < kLately;
    }

    // Whether a writer came within the last second: then the work should be cut finely.
    bool expects_writers() const { return expects_writers_; }

    // The caller's flag, or null. The slice ends when it is not 0.
    void end_when(const int32_t* cancelled) { cancelled_ = cancelled; }

    bool is_over() const {
        if (is_cancelled(cancelled_)) return true;
        return waiting_writers_ != nullptr &&
               waiting_writers_->load(std::memory_order_relaxed) != 0 && Clock::now() >= end_;
    }

private:
    using Clock = std::chrono::steady_clock;
    // Long enough to amortize taking the lock, and short for a waiting writer.
    static constexpr std::chrono::milliseconds kLength{1};
    static constexpr std::chrono::seconds kLately{1};

    const std::atomic<size_t>* waiting_writers_ = nullptr;
    const int32_t* cancelled_ = nullptr;
    Clock::time_point end_;
    bool expects_writers_ = false;
};

}  // namespace vecq
