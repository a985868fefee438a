// Parallel loops that record and verify how the thread pool ran them.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <thread>
#include <vector>

#include "base/pool.hpp"

namespace loops {

// Polls until the condition holds; returns false after 30 seconds.
template <class Condition>
bool wait_until(Condition is_met) {
    using namespace std::chrono_literals;
    const auto end = std::chrono::steady_clock::now() + 30s;
    while (!is_met()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(50us);
    }
    return true;
}

// Counters of one parallel_for. Loop bodies only count, because CHECK belongs to the main thread.
struct Record {
    std::vector<std::atomic<int>> runs, busy;
    std::atomic<size_t> running{0}, most_running{0}, out_of_range{0}, shared_workers{0};

    Record(size_t threads, size_t tasks) : runs(tasks), busy(vecq::workers_for(threads, tasks)) {}

    void enter(size_t task, size_t worker) {
        if (task >= runs.size() || worker >= busy.size()) {
            ++out_of_range;
            return;
        }
        if (busy[worker].exchange(1) != 0) ++shared_workers;
        ++runs[task];
        const size_t at_once = ++running;
        for (size_t seen = most_running;
             seen < at_once && !most_running.compare_exchange_weak(seen, at_once);) {}
    }
    void leave(size_t worker) {
        --running;
        busy[worker] = 0;
    }
    bool each_ran_once() const {
        for (const auto& count : runs)
            if (count != 1) return false;
        return out_of_range == 0 && shared_workers == 0 && running == 0;
    }
};

inline bool runs_every_task_once(size_t threads, size_t tasks) {
    Record record(threads, tasks);
    vecq::parallel_for(threads, tasks, [&](size_t task, size_t worker) {
        record.enter(task, worker);
        record.leave(worker);
    });
    return record.each_ran_once();
}

// Runs one task per thread that waits for all others; fails unless each task gets its own thread.
inline bool all_threads_meet(size_t threads) {
    std::atomic<size_t> arrived{0}, met{0};
    vecq::parallel_for(threads, threads, [&](size_t, size_t) {
        ++arrived;
        if (wait_until([&] { return arrived == threads; })) ++met;
    });
    return met == threads;
}

}  // namespace loops
