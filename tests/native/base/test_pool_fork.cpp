// The thread pool across fork, exit and unloading, each tested in a child process.
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "base/pool.hpp"
#include "check.hpp"
#include "loops.hpp"
#include "vecq.h"

using namespace loops;
using vecq::parallel_for;
using vecq::workers_for;

namespace {

bool forked = false;

// Returns the exit status of a child that runs `body`, or -1 if it crashed or hung. No thread may
// be starting meanwhile: the child would inherit locked mutexes of the address sanitizer's
// allocator. Threads that met have started.
template <class Body>
int in_child(Body body) {
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child == 0) {
        forked = true;
        _exit(body());
    }
    int status = 0;
    if (!wait_until([&] { return waitpid(child, &status, WNOHANG) != 0; })) {
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

size_t threads_of_process() {
    const std::filesystem::directory_iterator tasks("/proc/self/task");
    return static_cast<size_t>(std::distance(begin(tasks), end(tasks)));
}

// Whether this process maps any page of the file.
bool is_mapped(const std::string& file) {
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);)
        if (line.find(file) != std::string::npos) return true;
    return false;
}

int child_works() { return runs_every_task_once(4, 100) && all_threads_meet(4) ? 0 : 1; }

// Whether this runs under qemu-user, which shows foreign programs the cpuinfo of the real
// processor.
[[maybe_unused]] bool is_emulated() {
#if defined(__aarch64__)
    std::ifstream cpuinfo("/proc/cpuinfo");
    for (std::string line; std::getline(cpuinfo, line);)
        if (line.starts_with("vendor_id")) return true;
#endif
    return false;
}

[[maybe_unused]] bool other_threads_sleep() {
    const std::string own = std::to_string(gettid());
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
        std::string status;
        std::getline(std::ifstream(task.path() / "stat"), status);
        const size_t state = status.rfind(')') + 2;
        if (task.path().filename() != own && state < status.size() && status[state] != 'S')
            return false;
    }
    return true;
}

// Whether a forked child can start threads on this platform, independently of the pool. Waits until
// the threads that earlier tests started are idle.
bool can_fork() {
#if defined(__SANITIZE_THREAD__)
    SKIP("the thread sanitizer does not follow threads into a fork");
    return false;
#else
    const bool can = !is_emulated();
    if (!can)
        SKIP("qemu-user does not reliably start threads in a forked child");
    else
        CHECK(wait_until(other_threads_sleep));
    return can;
#endif
}

}  // namespace

#if defined(__SANITIZE_ADDRESS__)
// Disables leak detection, which at the exit of a child would scan stacks of threads it does not
// have.
extern "C" __attribute__((visibility("default"))) int __lsan_is_turned_off() { return forked; }
#endif

TEST(threads_start_in_a_forked_child) {
    CHECK(child_works() == 0);
    if (!can_fork()) return;
    for (int round = 0; round < 20; ++round) CHECK(in_child(child_works) == 0, round);
    CHECK(in_child([] { return child_works() + in_child(child_works); }) == 0);
    CHECK(child_works() == 0);
}

TEST(threads_fork_while_others_loop) {
    if (!can_fork()) return;
    CHECK(all_threads_meet(8));
    std::atomic<bool> stop{false};
    std::atomic<size_t> loops[2] = {};
    std::vector<std::thread> others;
    for (size_t other = 0; other < 2; ++other)
        others.emplace_back([&, other] {
            const std::function<void(size_t, size_t)> body = [](size_t, size_t) {};
            for (; !stop; ++loops[other]) parallel_for(2 + other, 8, body);
        });
    CHECK(wait_until([&] { return loops[0] > 1000 && loops[1] > 1000; }), loops[0], loops[1]);
    for (int round = 0; round < 100; ++round) CHECK(in_child(child_works) == 0, round);
    stop = true;
    for (std::thread& other : others) other.join();
    CHECK(child_works() == 0);
}

TEST(threads_fork_inside_a_body) {
    if (!can_fork()) return;
    std::atomic<int> wrong{0}, here{0};
    parallel_for(2, 2, [&](size_t, size_t) {
        ++here;  // one child of the caller and one of the helper
        wait_until([&] { return here == 2; });
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
                    wait_until([&] { return free.load(); });
                });
            });
        const size_t helpers = std::max(cores, size_t{2}) - 1;
        const bool all_in = wait_until([&] { return inside >= calls + helpers; });
        const size_t threads = threads_of_process();
        free = true;
        for (std::thread& caller : callers) caller.join();
        return all_in && threads == 1 + calls + helpers ? 0 : 1;
    });
    CHECK(status == 0, status);
}

TEST(threads_may_run_a_body_at_exit) {
    if (!can_fork()) return;
    const int status = in_child([]() -> int {
        static std::atomic<int> stuck{0};
        std::thread([] {
            parallel_for(3, 3, [](size_t, size_t) {
                ++stuck;
                for (;;) pause();
            });
        }).detach();
        if (!wait_until([] { return stuck == 3; }) || !runs_every_task_once(8, 100)) return 1;
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

TEST(threads_may_fail_to_start) {
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

TEST(threads_end_and_start_again) {
    if (!can_fork()) return;
    const int status = in_child([] {
        vecq_shutdown();  // nothing to end
        for (int round = 0; round < 20; ++round) {
            if (!all_threads_meet(6)) return 1;
            if (threads_of_process() != 6) return 2;
            vecq_shutdown();
            if (threads_of_process() != 1) return 3;
            if (in_child(child_works) != 0) return 4;
        }
        return child_works();
    });
    CHECK(status == 0, status);
}

TEST(threads_end_while_others_loop) {
    CHECK(all_threads_meet(4));
    std::atomic<bool> stop{false};
    std::atomic<size_t> wrong{0}, loops{0}, ends{0};
    std::vector<std::thread> others;
    for (size_t other = 0; other < 4; ++other)
        others.emplace_back([&, other] {
            while (!stop) {
                if (other < 2) {
                    wrong += !runs_every_task_once(2 + other, 20);
                    ++loops;
                } else {
                    vecq_shutdown();
                    ++ends;
                    std::this_thread::yield();
                }
            }
        });
    CHECK(wait_until([&] { return loops > 500 && ends > 500; }), loops, ends);
    stop = true;
    for (std::thread& other : others) other.join();
    CHECK(wrong == 0 && child_works() == 0, wrong);
}

// A remaining thread would run unmapped code, and a fork an unmapped handler.
TEST(threads_end_before_their_library_is_unloaded) {
    if (!can_fork()) return;
    const int status = in_child([] {
        for (int round = 0; round < 5; ++round) {
            void* library = dlopen(UNLOADABLE, RTLD_NOW | RTLD_LOCAL);
            if (library == nullptr) return 1;
            const auto run = reinterpret_cast<int (*)(size_t)>(dlsym(library, "unloadable_works"));
            const auto end = reinterpret_cast<void (*)()>(dlsym(library, "unloadable_shutdown"));
            if (run == nullptr || end == nullptr || run(6) != 1) return 2;
            end();
            if (dlclose(library) != 0) return 3;
            if (is_mapped(UNLOADABLE)) return 4;
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
            if (in_child(child_works) != 0) return 5;
        }
        return child_works();
    });
    CHECK(status == 0, status);
}
