// A lock for many readers or one writer, whom a stream of readers cannot keep waiting.
#pragma once

#include <mutex>
#include <shared_mutex>

namespace vecq {

class Turnstile {
public:
    [[nodiscard]] std::shared_lock<std::shared_mutex> read() {
        const std::lock_guard wait(gate_);
        return std::shared_lock(inside_);
    }

    // Holds the gate until all readers have left.
    [[nodiscard]] std::unique_lock<std::shared_mutex> write() {
        const std::lock_guard wait(gate_);
        return std::unique_lock(inside_);
    }

private:
    std::mutex gate_;
    std::shared_mutex inside_;
};

}  // namespace vecq
