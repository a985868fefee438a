// Short locks, one for many nodes. Nobody holds two.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>

namespace vecq {

class Locks {
public:
    class Held {
    public:
        explicit Held(std::atomic_flag& flag) : flag_(flag) {
            while (flag_.test_and_set(std::memory_order_acquire)) std::this_thread::yield();
        }
        ~Held() { flag_.clear(std::memory_order_release); }
        Held(const Held&) = delete;

    private:
        std::atomic_flag& flag_;
    };

    [[nodiscard]] Held hold(uint32_t node) { return Held(flags_[node % kCount]); }

private:
    static constexpr size_t kCount = 4096;
    std::atomic_flag flags_[kCount] = {};
};

}  // namespace vecq
