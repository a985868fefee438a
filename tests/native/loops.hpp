// Loops of the pool that tell whether they ran as they should.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <thread>
#include <vector>

#include "base/pool.hpp"

namespace loops {

// False if it takes so long that it will not come to pass.
template <class Condition>
bool comes_true(Condition met) {
    using namespace std::chrono_literals;
    const auto end = std::chrono::steady_clock::now() + 30s;
    while (!met()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(50us);
    }
    return true;
}

// What the tasks of one parallel_for saw. Checks are for the main thread, bodies note down.
struct Record {
    std::vector<std::atomic<int>> runs, busy;
    std::atomic<size_t> now{0}, most{0}, strays{0}, clashes{0};

    Record(size_t threads, size_t tasks) : runs(tasks), busy(vecq::workers_for(threads, tasks)) {}

    void enter(size_t task, size_t worker) {
        if (task >= runs.size() || worker >= busy.size()) {
            ++strays;
            return;
        }
        if (busy[worker].exchange(1) != 0) ++clashes;
        ++runs[task];
        const size_t at_once = ++now;
        for (size_t seen = most; seen < at_once && !most.compare_exchange_weak(seen, at_once);) {}
    }
    void leave(size_t worker) {
        --now;
        busy[worker] = 0;
    }
    bool each_ran_once() const {
        for (const auto& count : runs)
            if (count != 1) return false;
        return strays == 0 && clashes == 0 && now == 0;
    }
};

inline bool works(size_t threads, size_t tasks) {
    Record record(threads, tasks);
    vecq::parallel_for(threads, tasks, [&](size_t task, size_t worker) {
        record.enter(task, worker);
        record.leave(worker);
    });
    return record.each_ran_once();
}

// As many tasks as threads wait for each other, so that none can do without its thread.
inline bool meet(size_t threads) {
    std::atomic<size_t> here{0}, met{0};
    vecq::parallel_for(threads, threads, [&](size_t, size_t) {
        ++here;
        if (comes_true([&] { return here == threads; })) ++met;
    });
    return met == threads;
}

}  // namespace loops
