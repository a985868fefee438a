// A shared mutex whose writers a stream of readers cannot starve. A waiting writer keeps new
// readers out, so a long read works in slices: it releases the lock after each slice and takes it
// again.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <shared_mutex>
#include <thread>

#include "base/slice.hpp"

namespace vecq {

class FairSharedMutex {
public:
    [[nodiscard]] std::shared_lock<std::shared_mutex> read() {
        const auto wait = hold(filter_);
        return std::shared_lock(inside_);
    }

    // Holds the filter until all readers have left.
    [[nodiscard]] std::unique_lock<std::shared_mutex> write() {
        const Waiting waiting(waiting_writers_);
        const auto wait = hold(filter_);
        auto alone = hold(inside_);
        last_write_ = std::chrono::steady_clock::now().time_since_epoch();
        return alone;
    }

    // Starts a slice for a reader that holds the lock.
    [[nodiscard]] Slice slice() const { return Slice(waiting_writers_, last_write_); }

private:
    struct Waiting {
        explicit Waiting(std::atomic<size_t>& count) : count(count) { ++count; }
        ~Waiting() { --count; }
        std::atomic<size_t>& count;
    };

    // Spins before blocking: most waits are shorter than a wake-up.
    static constexpr int kTries = 200;

    template <class Mutex>
    static std::unique_lock<Mutex> hold(Mutex& mutex) {
        for (int i = 0; i < kTries; ++i) {
            std::unique_lock lock(mutex, std::try_to_lock);
            if (lock) return lock;
            std::this_thread::yield();
        }
        return std::unique_lock(mutex);
    }

    std::atomic<size_t> waiting_writers_{0};
    std::mutex filter_;
    std::shared_mutex inside_;
    // Time of the last write, written under the exclusive lock; long ago if there was none.
    std::chrono::nanoseconds last_write_ = std::chrono::hours(-1);
};

}  // namespace vecq
