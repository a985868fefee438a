// The pool under everything that several threads and processes may do to it.
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/pool.hpp"
#include "check.hpp"

namespace {

using namespace std::chrono_literals;
using vecq::parallel_for;
using vecq::workers_for;

// False if it takes so long that it will not come to pass.
template <class Condition>
bool comes_true(Condition met) {
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

    Record(size_t threads, size_t tasks) : runs(tasks), busy(workers_for(threads, tasks)) {}

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

bool works(size_t threads, size_t tasks) {
    Record record(threads, tasks);
    parallel_for(threads, tasks, [&](size_t task, size_t worker) {
        record.enter(task, worker);
        record.leave(worker);
    });
    return record.each_ran_once();
}

// As many tasks as threads wait for each other, so that none can do without its thread.
bool meet(size_t threads) {
    std::atomic<size_t> here{0}, met{0};
    parallel_for(threads, threads, [&](size_t, size_t) {
        ++here;
        if (comes_true([&] { return here == threads; })) ++met;
    });
    return met == threads;
}

bool forked = false;

// The exit status of a child that runs `body`, or -1 if it crashed or hung. No thread may be
// starting meanwhile, because the child would inherit the locks of the address sanitizer's allocator
// as they are; threads that met have started.
template <class Body>
int in_child(Body body) {
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child == 0) {
        forked = true;
        _exit(body());
    }
    int status = 0;
    if (!comes_true([&] { return waitpid(child, &status, WNOHANG) != 0; })) {
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int child_works() { return works(4, 100) && meet(4) ? 0 : 1; }

// Whether a child can have threads at all, which says nothing about the pool.
bool can_fork() {
#if defined(__SANITIZE_THREAD__)
    SKIP("the thread sanitizer does not follow threads into a fork");
    return false;
#else
    static const bool can = meet(4) && in_child([] {
                                           close(STDOUT_FILENO);  // qemu would tell both
                                           close(STDERR_FILENO);
                                           std::thread([] {}).join();
                                           return 0;
                                       }) == 0;
    if (!can) SKIP("a forked child cannot start a thread, which is a limit of qemu-user");
    return can;
#endif
}

}  // namespace

#if defined(__SANITIZE_ADDRESS__)
// A child that exits looks for leaks, and would search the stacks of threads that it does not have.
extern "C" __attribute__((visibility("default"))) int __lsan_is_turned_off() { return forked; }
#endif

TEST(threads_run_every_task_once) {
    for (const size_t threads : {0, 1, 2, 3, 5, 16})
        for (const size_t tasks : {0, 1, 2, 3, 7, 100, 5000})
            for (int round = 0; round < 5; ++round)
                CHECK(works(threads, tasks), threads, tasks, round);
    CHECK(meet(2) && meet(16));
}

TEST(threads_count_workers) {
    CHECK(workers_for(1, 0) == 1 && workers_for(0, 0) == 1 && workers_for(7, 1) == 1);
    CHECK(workers_for(7, 100) == 7 && workers_for(7, 3) == 3);
    const size_t cores = workers_for(0, SIZE_MAX), bound = workers_for(SIZE_MAX, SIZE_MAX);
    CHECK(cores >= 1 && cores <= bound && bound < 100000, cores, bound);
    size_t pinned = 0;
    std::thread([&] {
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(sched_getcpu(), &one);
        if (sched_setaffinity(0, sizeof one, &one) == 0) pinned = workers_for(0, 100);
    }).join();
    CHECK(pinned == 1, pinned);
}

TEST(threads_stay_within_their_number) {
    CHECK(works(16, 1000));  // leaves more workers in the pool than the next loops may use
    for (const size_t threads : {1, 2, 3}) {
        Record record(threads, 60);
        parallel_for(threads, 60, [&](size_t task, size_t worker) {
            record.enter(task, worker);
            std::this_thread::sleep_for(100us);
            record.leave(worker);
        });
        CHECK(record.each_ran_once() && record.most <= threads, threads, record.most);
    }
}

TEST(threads_wait_for_the_slowest) {
    std::atomic<int> here{0}, done{0};
    parallel_for(2, 2, [&](size_t, size_t worker) {
        ++here;
        comes_true([&] { return here == 2; });
        if (worker != 0) std::this_thread::sleep_for(10ms);
        ++done;
    });
    CHECK(done == 2, done);
}

TEST(threads_rethrow_the_first_exception) {
    for (const size_t threads : {1, 2, 4})
        for (const bool by_helper : {false, true}) {
            if (by_helper && threads == 1) continue;
            constexpr size_t tasks = 1000000;
            std::atomic<size_t> ran{0}, now{0};
            std::atomic<bool> thrown{false};
            std::string message;
            try {
                parallel_for(threads, tasks, [&](size_t, size_t worker) {
                    ++ran;
                    if ((worker != 0) == by_helper && !thrown.exchange(true))
                        throw std::runtime_error("first");
                    ++now;
                    std::this_thread::sleep_for(10us);
                    --now;
                });
            } catch (const std::runtime_error& error) {
                message = error.what();
            }
            CHECK(message == "first" && now == 0, threads, by_helper, message, now);
            CHECK(ran < tasks, threads, by_helper, ran);
            CHECK(works(threads, 100), threads);
        }
    size_t caught = 0;
    for (int round = 0; round < 200; ++round) try {
            parallel_for(4, 8, [](size_t, size_t) { throw std::runtime_error("all"); });
        } catch (const std::runtime_error&) {
            ++caught;
        }
    CHECK(caught == 200, caught);
}

TEST(threads_nest_inline) {
    std::atomic<size_t> inner{0}, elsewhere{0}, caught{0};
    parallel_for(3, 20, [&](size_t, size_t) {
        const auto self = std::this_thread::get_id();
        if (workers_for(0, 100) != 1) ++elsewhere;
        parallel_for(8, 10, [&](size_t, size_t worker) {
            ++inner;
            if (worker != 0 || std::this_thread::get_id() != self) ++elsewhere;
        });
        try {
            parallel_for(2, 10, [](size_t, size_t) { throw 1; });
        } catch (int) {
            ++caught;
        }
    });
    CHECK(inner == 200 && elsewhere == 0 && caught == 20, inner, elsewhere, caught);
    parallel_for(1, 1, [&](size_t, size_t) { CHECK(workers_for(8, 8) == 1); });
    CHECK(workers_for(8, 8) == 8);
}

TEST(threads_call_at_the_same_time) {
    std::atomic<size_t> failures{0};
    std::vector<std::thread> callers;
    for (size_t caller = 0; caller < 5; ++caller)
        callers.emplace_back([&, caller] {
            for (size_t round = 0; round < 300; ++round)
                if (!works(1 + (caller + round) % 5, round % 50)) ++failures;
        });
    for (std::thread& caller : callers) caller.join();
    CHECK(failures == 0, failures);
}

TEST(threads_go_on_while_others_are_stuck) {
    std::atomic<size_t> stuck{0};
    std::atomic<bool> free{false};
    std::thread other([&] {
        parallel_for(4, 4, [&](size_t, size_t) {
            ++stuck;
            comes_true([&] { return free.load(); });
        });
    });
    CHECK(comes_true([&] { return stuck == 4; }), stuck);
    for (const size_t threads : {1, 2, 4, 8}) CHECK(works(threads, 100), threads);
    free = true;
    other.join();
}

TEST(threads_follow_call_upon_call) {
    constexpr size_t calls = 20000;
    std::atomic<size_t> ran{0};
    for (size_t call = 0; call < calls; ++call) {
        parallel_for(2 + call % 3, 2 + call % 4, [&](size_t, size_t) { ++ran; });
        if (call % 100 == 0) std::this_thread::sleep_for(std::chrono::microseconds(call % 130));
    }
    CHECK(ran == calls / 4 * (2 + 3 + 4 + 5), ran);
}

TEST(threads_leave_signals_to_the_caller) {
    sigset_t none, before, after, helper;
    sigemptyset(&none);
    sigemptyset(&helper);
    pthread_sigmask(SIG_SETMASK, &none, &before);
    std::atomic<int> here{0};
    std::atomic<bool> noted{false};
    parallel_for(40, 40, [&](size_t, size_t worker) {  // more than ever before: it has to hire
        if (worker != 0 && !noted.exchange(true)) pthread_sigmask(SIG_SETMASK, nullptr, &helper);
        ++here;
        comes_true([&] { return here == 40; });
    });
    pthread_sigmask(SIG_SETMASK, &before, &after);
    for (const int signal : {SIGINT, SIGTERM, SIGALRM, SIGPROF, SIGCHLD, SIGUSR1}) {
        CHECK(sigismember(&helper, signal) == 1, signal);
        CHECK(sigismember(&after, signal) == 0, signal);
    }
    for (const int fault : {SIGSEGV, SIGBUS}) CHECK(sigismember(&helper, fault) == 0, fault);
}

TEST(threads_start_afresh_in_a_child) {
    CHECK(child_works() == 0);
    if (!can_fork()) return;
    for (int round = 0; round < 20; ++round) CHECK(in_child(child_works) == 0, round);
    CHECK(in_child([] { return child_works() + in_child(child_works); }) == 0);
    CHECK(child_works() == 0);
}

TEST(threads_fork_while_others_loop) {
    if (!can_fork()) return;
    CHECK(meet(8));
    std::atomic<bool> stop{false};
    std::atomic<size_t> loops[2] = {};
    std::vector<std::thread> others;
    for (size_t other = 0; other < 2; ++other)
        others.emplace_back([&, other] {
            const std::function<void(size_t, size_t)> body = [](size_t, size_t) {};
            for (; !stop; ++loops[other]) parallel_for(2 + other, 8, body);
        });
    CHECK(comes_true([&] { return loops[0] > 1000 && loops[1] > 1000; }), loops[0], loops[1]);
    for (int round = 0; round < 100; ++round) CHECK(in_child(child_works) == 0, round);
    stop = true;
    for (std::thread& other : others) other.join();
    CHECK(child_works() == 0);
}

TEST(threads_fork_inside_a_body) {
    if (!can_fork()) return;
    std::atomic<int> wrong{0}, here{0};
    parallel_for(2, 2, [&](size_t, size_t) {
        ++here;  // so that one child is the caller's and one the helper's
        comes_true([&] { return here == 2; });
        if (in_child(child_works) != 0) ++wrong;
    });
    CHECK(wrong == 0, wrong);
}

TEST(threads_of_many_callers_share_the_cores) {
    if (!can_fork()) return;
    const int status = in_child([] {
        const size_t cores = workers_for(0, SIZE_MAX), calls = cores + 3;
        std::atomic<size_t> inside{0};
        std::atomic<bool> free{false};
        std::vector<std::thread> callers;
        for (size_t call = 0; call < calls; ++call)
            callers.emplace_back([&] {
                parallel_for(2, 2, [&](size_t, size_t) {
                    ++inside;
                    comes_true([&] { return free.load(); });
                });
            });
        const size_t helpers = std::max(cores, size_t{2}) - 1;
        const bool all_in = comes_true([&] { return inside >= calls + helpers; });
        const std::filesystem::directory_iterator tasks("/proc/self/task");
        const auto threads = static_cast<size_t>(std::distance(begin(tasks), end(tasks)));
        free = true;
        for (std::thread& caller : callers) caller.join();
        return all_in && threads == 1 + calls + helpers ? 0 : 1;
    });
    CHECK(status == 0, status);
}

TEST(threads_may_be_inside_at_exit) {
    if (!can_fork()) return;
    const int status = in_child([]() -> int {
        static std::atomic<int> stuck{0};
        std::thread([] {
            parallel_for(3, 3, [](size_t, size_t) {
                ++stuck;
                for (;;) pause();
            });
        }).detach();
        if (!comes_true([] { return stuck == 3; }) || !works(8, 100)) return 1;
        std::exit(42);
    });
    CHECK(status == 42, status);
    CHECK(in_child([]() -> int {
              parallel_for(2, 2, [](size_t, size_t worker) {
                  if (worker == 1) std::exit(43);
                  pause();
              });
              return 1;
          }) == 43);
}

TEST(threads_may_be_refused) {
    if (!can_fork()) return;
    const int status = in_child([] {
        pthread_attr_t attributes;
        pthread_attr_init(&attributes);
        pthread_attr_setstacksize(&attributes, size_t{1} << 50);
        if (pthread_setattr_default_np(&attributes) != 0) return 1;
        pthread_t thread;
        if (pthread_create(&thread, nullptr, [](void* p) { return p; }, nullptr) != EAGAIN)
            return 2;
        std::atomic<size_t> ran{0}, helped{0};
        parallel_for(4, 100, [&](size_t, size_t worker) {
            ++ran;
            if (worker != 0) ++helped;
        });
        return ran == 100 && helped == 0 ? 0 : 3;
    });
    CHECK(status == 0, status);
}
