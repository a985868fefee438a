// The thread pool: task distribution, limits, exceptions, nesting, concurrent callers, signals.
#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/pool.hpp"
#include "check.hpp"
#include "loops.hpp"

using namespace std::chrono_literals;
using namespace loops;
using vecq::parallel_for;
using vecq::workers_for;

TEST(threads_run_every_task_once) {
    for (const size_t threads : {0, 1, 2, 3, 5, 16})
        for (const size_t tasks : {0, 1, 2, 3, 7, 100, 5000})
            for (int round = 0; round < 5; ++round)
                CHECK(runs_every_task_once(threads, tasks), threads, tasks, round);
    CHECK(all_threads_meet(2) && all_threads_meet(16));
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
    CHECK(runs_every_task_once(
        16, 1000));  // leaves more workers in the pool than the next loops may use
    for (const size_t threads : {1, 2, 3}) {
        Record record(threads, 60);
        parallel_for(threads, 60, [&](size_t task, size_t worker) {
            record.enter(task, worker);
            std::this_thread::sleep_for(100us);
            record.leave(worker);
        });
        CHECK(record.each_ran_once() && record.most_running <= threads, threads,
              record.most_running);
    }
}

TEST(threads_wait_for_the_slowest) {
    std::atomic<int> here{0}, done{0};
    parallel_for(2, 2, [&](size_t, size_t worker) {
        ++here;
        wait_until([&] { return here == 2; });
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
            CHECK(runs_every_task_once(threads, 100), threads);
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
                if (!runs_every_task_once(1 + (caller + round) % 5, round % 50)) ++failures;
        });
    for (std::thread& caller : callers) caller.join();
    CHECK(failures == 0, failures);
}

TEST(threads_continue_while_others_are_blocked) {
    std::atomic<size_t> stuck{0};
    std::atomic<bool> free{false};
    std::thread other([&] {
        parallel_for(4, 4, [&](size_t, size_t) {
            ++stuck;
            wait_until([&] { return free.load(); });
        });
    });
    CHECK(wait_until([&] { return stuck == 4; }), stuck);
    for (const size_t threads : {1, 2, 4, 8}) CHECK(runs_every_task_once(threads, 100), threads);
    free = true;
    other.join();
}

TEST(threads_serve_many_calls_in_sequence) {
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
    // More workers than before, so that the pool starts threads.
    parallel_for(40, 40, [&](size_t, size_t worker) {
        if (worker != 0 && !noted.exchange(true)) pthread_sigmask(SIG_SETMASK, nullptr, &helper);
        ++here;
        wait_until([&] { return here == 40; });
    });
    pthread_sigmask(SIG_SETMASK, &before, &after);
    for (const int signal : {SIGINT, SIGTERM, SIGALRM, SIGPROF, SIGCHLD, SIGUSR1}) {
        CHECK(sigismember(&helper, signal) == 1, signal);
        CHECK(sigismember(&after, signal) == 0, signal);
    }
    for (const int fault : {SIGSEGV, SIGBUS}) CHECK(sigismember(&helper, fault) == 0, fault);
}
