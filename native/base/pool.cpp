// Life cycle. A parallel_for is a Call on its caller's stack, listed in the pool while it lasts.
// The caller works on its own tasks until none is left, so that it needs nobody's help to get on.
// Idle workers join the oldest call with room; a worker leaves a call only when its tasks are used
// up, so that its number is not given away again. Workers are hired when open calls have more room
// than idle workers could fill, but not beyond the number of cores, unless one call asks for more.
// They stay: for a moment they look out for the next call, then they park.
//
// Exit. The pool is never destroyed: the end of the process ends its threads wherever they are, and
// nothing waits for them. Only end_workers joins them, because the library may be unloaded then: a
// thread runs code of the library until it has ended. glibc removes the fork handler when it
// unloads the library.
//
// Fork. A child has none of the threads, and whatever they held stays locked. It builds a new pool
// over the old one, which it does not look at.
//
// Locking. One mutex guards the pool and who takes part in a call; it is never held while a body
// runs. Tasks are handed out by an atomic counter without it. The last helper leaves a call under
// the mutex and its caller returns after having held it: the helper no longer touches the call.
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

constexpr size_t kMostWorkers = 1024;  // a slip in `threads` shall not exhaust the machine
constexpr std::chrono::microseconds kPatience(50);

VECQ_EARLY_THREAD_LOCAL bool inside_body = false;

size_t cores() {
    cpu_set_t sets[16] = {};  // one holds 1024 cores, and the kernel refuses what is too small
    if (sched_getaffinity(0, sizeof sets, sets) != 0) return 1;
    return static_cast<size_t>(CPU_COUNT_S(sizeof sets, sets));
}

// Parking and being woken takes longer than most waits. Yielding lets others have the core.
template <class Condition>
void wait_a_moment(Condition met) {
    const Clock::time_point end = Clock::now() + kPatience;
    while (!met() && Clock::now() < end) std::this_thread::yield();
}

struct Call {
    const Body& body;
    const size_t tasks, limit;
    std::atomic<size_t> next{0};
    std::atomic_flag failed{};
    std::exception_ptr failure{};

    // Changed under the pool's mutex.
    size_t joined = 1;
    std::atomic<size_t> helpers{0};
    std::condition_variable left{};

    size_t room() const {
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
        if (const size_t wanted = room(); wanted > idle_) {
            const size_t most = std::max(cores(), call.limit) - 1;
            hire(std::min(wanted - idle_, most - std::min(most, workers_)));
        }
        wake();
    }

    // Workers leave their calls as usual. No worker is hired until all have ended.
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
        wait_a_moment([&] { return call.helpers == 0; });
        std::unique_lock lock(mutex_);
        std::erase(calls_, &call);
        call.left.wait(lock, [&] { return call.helpers == 0; });
    }

private:
    size_t room() const {
        size_t sum = 0;
        for (const Call* call : calls_) sum += call->room();
        return sum;
    }

    void hire(size_t count) {
        if (is_ending_) return;
        // A new thread inherits the mask. Signals are for the application's threads, but a fault
        // belongs to the thread that makes it, and who handles faults wants to hear of it.
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
        } catch (const std::exception&) {  // no more threads to be had: fewer do the work
        }
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
    }

    // Two at most, because each one that joins wakes two more: no one has to wake them all.
    void wake() {
        const size_t awake = idle_ - parked_;
        const size_t wanted = std::min({room(), awake + 2, idle_});
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
            const auto open =
                std::ranges::find_if(calls_, [](const Call* call) { return call->room() > 0; });
            if (open != calls_.end()) {
                help(**open, lock);
                continue;
            }
            lock.unlock();
            wait_a_moment([&] { return announced_ != seen; });
            lock.lock();
            if (announced_ != seen) continue;
            ++parked_;
            ready_.wait(lock);
            --parked_;
        }
        --workers_;
        --idle_;
    }

    // Threads that had too little memory to work, and have ended or are about to, without the
    // mutex.
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

// Built when the library is loaded: a fork during a first use would leave that half done forever.
alignas(Pool) std::byte storage[sizeof(Pool)];
Pool& pool = *new (storage) Pool;
[[maybe_unused]] const int on_fork = pthread_atfork(nullptr, nullptr, [] {
    new (storage) Pool;
    inside_body = false;
});

}  // namespace

size_t workers_for(size_t threads, size_t tasks) {
    if (inside_body || tasks < 2) return 1;
    return std::min({threads == 0 ? cores() : threads, tasks, kMostWorkers});
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
