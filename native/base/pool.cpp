// The process-wide pool of worker threads behind parallel_for.
//
// Life cycle. A parallel_for is a Call on its caller's stack, listed in the pool while it runs. The
// caller works on its own tasks until none is left, so it never depends on a worker. Idle workers
// join the oldest call with free places; a worker leaves a call only when no task is left, so that
// its number is not assigned again. The pool starts threads when open calls have more free places
// than it has idle workers, but not more threads than cores, unless one call asks for more. Threads
// stay: they poll briefly for the next call, then park.
//
// Exit. The pool is never destroyed: process exit ends its threads wherever they are, and nothing
// waits for them. Only end_workers joins them, because the library may be unloaded next, and a
// thread runs code of the library until it has ended. glibc removes the fork handler when it
// unloads the library.
//
// Fork. A child has none of the threads, and locks they held stay locked. It constructs a new pool
// over the old one without reading it.
//
// Locking. One mutex guards the pool and the participants of calls; it is never held while a body
// runs. An atomic counter hands out tasks without it. The last helper leaves a call under the
// mutex, and the caller returns only after it has held the mutex: no helper touches the call after
// that.
#include "base/pool.hpp"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <new>
#include <thread>
#include <utility>
#include <vector>

#include "base/thread_memory.hpp"

namespace vecq {
namespace {

using Body = std::function<void(size_t task, size_t worker)>;
using Clock = std::chrono::steady_clock;

constexpr size_t kMaxWorkers = 1024;  // a mistaken `threads` must not exhaust the machine
constexpr std::chrono::microseconds kPollTime(50);

VECQ_EARLY_THREAD_LOCAL bool inside_body = false;

size_t cores() {
    cpu_set_t sets[16] = {};  // one holds 1024 cores; the kernel rejects a mask that is too small
    if (sched_getaffinity(0, sizeof sets, sets) != 0) return 1;
    return static_cast<size_t>(CPU_COUNT_S(sizeof sets, sets));
}

// Polls for kPollTime, yielding the core: most waits are shorter than parking and waking.
template <class Condition>
void poll(Condition is_met) {
    const Clock::time_point end = Clock::now() + kPollTime;
    while (!is_met() && Clock::now() < end) std::this_thread::yield();
}

struct Call {
    const Body& body;
    const size_t tasks, limit;
    std::atomic<size_t> next{0};
    std::atomic_flag failed{};
    std::exception_ptr failure{};

    // Guarded by the pool's mutex.
    size_t joined = 1;
    std::atomic<size_t> helpers{0};
    std::condition_variable left{};

    // Number of workers that may still join.
    size_t free_places() const {
        const size_t begun = next;
        return begun < tasks ? std::min(tasks - begun, limit - joined) : 0;
    }

    void run(size_t worker) noexcept {
        const bool nested = std::exchange(inside_body, true);
        try {
            for (size_t task = next++; task < tasks; task = next++) body(task, worker);
        } catch (...) {
            next = tasks;
            if (!failed.test_and_set()) failure = std::current_exception();
        }
        inside_body = nested;
    }
};

class Pool {
public:
    void announce(Call& call) {
        const std::lock_guard lock(mutex_);
        calls_.push_back(&call);
        ++announced_;
        if (const size_t wanted = free_places(); wanted > idle_) {
            const size_t most = std::max(cores(), call.limit) - 1;
            start_threads(std::min(wanted - idle_, most - std::min(most, workers_)));
        }
        wake();
    }

    // Workers leave their calls as usual. No thread is started until all have ended.
    void end_workers() {
        const std::lock_guard one_at_a_time(ending_mutex_);
        std::vector<std::thread> threads;
        {
            const std::lock_guard lock(mutex_);
            is_ending_ = true;
            ++announced_;
            join_refused();
            threads.swap(threads_);
            ready_.notify_all();
        }
        for (std::thread& thread : threads) thread.join();
        const std::lock_guard lock(mutex_);
        is_ending_ = false;
        if (calls_.empty()) std::vector<Call*>().swap(calls_);
    }

    void finish(Call& call) {
        poll([&] { return call.helpers == 0; });
        std::unique_lock lock(mutex_);
        std::erase(calls_, &call);
        call.left.wait(lock, [&] { return call.helpers == 0; });
    }

private:
    size_t free_places() const {
        size_t sum = 0;
        for (const Call* call : calls_) sum += call->free_places();
        return sum;
    }

    void start_threads(size_t count) {
        if (is_ending_) return;
        // A new thread inherits the mask. Signals go to the application's threads, except faults,
        // which the system delivers to the thread that causes them.
        sigset_t mask, before;
        sigfillset(&mask);
        for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS})
            sigdelset(&mask, fault);
        pthread_sigmask(SIG_SETMASK, &mask, &before);
        try {
            join_refused();
            threads_.reserve(workers_ + count);
            refused_.reserve(workers_ + count);
            for (; count > 0; --count, ++workers_, ++idle_)
                threads_.emplace_back([this] { serve(); });
        } catch (const std::exception&) {  // too few resources: fewer threads do the work
        }
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
    }

    // Wakes at most two workers: each one that joins wakes two more, which is faster than one
    // thread waking all.
    void wake() {
        const size_t awake = idle_ - parked_;
        const size_t wanted = std::min({free_places(), awake + 2, idle_});
        for (size_t count = awake; count < wanted; ++count) ready_.notify_one();
    }

    void serve() {
        const bool can_throw = prepare_thread();
        std::unique_lock lock(mutex_);
        if (!can_throw) {
            --workers_;
            --idle_;
            const auto own =
                std::ranges::find(threads_, std::this_thread::get_id(),
                                  [](const std::thread& thread) { return thread.get_id(); });
            if (own == threads_.end()) return;  // end_workers joins it
            refused_.push_back(std::move(*own));
            threads_.erase(own);
            return;
        }
        while (!is_ending_) {
            const size_t seen = announced_;
            const auto open = std::ranges::find_if(
                calls_, [](const Call* call) { return call->free_places() > 0; });
            if (open != calls_.end()) {
                help(**open, lock);
                continue;
            }
            lock.unlock();
            poll([&] { return announced_ != seen; });
            lock.lock();
            if (announced_ != seen) continue;
            ++parked_;
            ready_.wait(lock);
            --parked_;
        }
        --workers_;
        --idle_;
    }

    // Joins threads that lacked memory to work. They end without taking the mutex again.
    void join_refused() {
        for (std::thread& thread : refused_) thread.join();
        refused_.clear();
    }

    void help(Call& call, std::unique_lock<std::mutex>& lock) {
        const size_t worker = call.joined++;
        ++call.helpers;
        --idle_;
        wake();
        lock.unlock();
        call.run(worker);
        lock.lock();
        ++idle_;
        if (--call.helpers == 0) call.left.notify_one();
    }

    std::mutex mutex_;
    std::condition_variable ready_;
    std::vector<Call*> calls_;
    std::vector<std::thread> threads_, refused_;
    std::atomic<size_t> announced_{0};
    size_t workers_ = 0, idle_ = 0, parked_ = 0;
    bool is_ending_ = false;
    std::mutex ending_mutex_;
};

// Constructed when the library is loaded: a fork during a lazy construction would leave the child
// with a pool that is half constructed.
alignas(Pool) std::byte storage[sizeof(Pool)];
Pool& pool = *new (storage) Pool;
[[maybe_unused]] const int on_fork = pthread_atfork(nullptr, nullptr, [] {
    new (storage) Pool;
    inside_body = false;
});

}  // namespace

size_t workers_for(size_t threads, size_t tasks) {
    if (inside_body || tasks < 2) return 1;
    return std::min({threads == 0 ? cores() : threads, tasks, kMaxWorkers});
}

void parallel_for(size_t threads, size_t tasks, const Body& body) {
    Call call{body, tasks, workers_for(threads, tasks)};
    if (call.limit > 1) pool.announce(call);
    call.run(0);
    if (call.limit > 1) pool.finish(call);
    if (call.failure) std::rethrow_exception(call.failure);
}

void end_workers() { pool.end_workers(); }

}  // namespace vecq
