// A lock for many readers or one writer, whom a stream of readers cannot keep waiting.
#pragma once

#include <mutex>
#include <shared_mutex>
#include <thread>

namespace vecq {

class Turnstile {
public:
    [[nodiscard]] std::shared_lock<std::shared_mutex> read() {
        const auto wait = hold(gate_);
        return std::shared_lock(inside_);
    }

    // Holds the gate until all readers have left.
    [[nodiscard]] std::unique_lock<std::shared_mutex> write() {
        const auto wait = hold(gate_);
        return hold(inside_);
    }

private:
    // Most waits are shorter than it takes to be woken up.
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

    std::mutex gate_;
    std::shared_mutex inside_;
};

}  // namespace vecq
