// Spin locks for neighbor lists, striped over nodes. A thread holds at most one, so they cannot
// deadlock.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>

namespace vecq {

class ListLocks {
public:
    class Guard {
    public:
        explicit Guard(std::atomic_flag& flag) : flag_(flag) {
            while (flag_.test_and_set(std::memory_order_acquire)) std::this_thread::yield();
        }
        ~Guard() { flag_.clear(std::memory_order_release); }
        Guard(const Guard&) = delete;

    private:
        std::atomic_flag& flag_;
    };

    [[nodiscard]] Guard lock(uint32_t node) { return Guard(flags_[node % kCount]); }

private:
    static constexpr size_t kCount = 4096;
    std::atomic_flag flags_[kCount] = {};
};

}  // namespace vecq
