// The test harness: TEST(name) { CHECK(...); SKIP("why"); }. Tests continue after a failed CHECK.
#pragma once

#include <cstdio>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

namespace check {

// Logic is the same on every processor, and emulation is slow: random tests of it take fewer rounds
// there. Kernels are tested in full.
#if defined(VECQ_EMULATED)
inline constexpr bool kIsEmulated = true;
#else
inline constexpr bool kIsEmulated = false;
#endif

struct Test {
    const char* name;
    std::function<void()> body;
};

inline std::vector<Test>& tests() {
    static std::vector<Test> all;
    return all;
}

struct Outcome {
    size_t checks = 0, failures = 0;
    std::string skipped;
};

inline Outcome& current() {
    static Outcome outcome;
    return outcome;
}

struct Register {
    Register(const char* name, std::function<void()> body) { tests().push_back({name, body}); }
};

// Prints the first five failures of a test: a broken kernel has millions.
inline void fail(const char* text, const char* file, int line, const std::string& context) {
    if (++current().failures > 5) return;
    std::printf("%s:%d: %s%s%s\n", file, line, text, context.empty() ? "" : " with ",
                context.c_str());
}

template <class... Values>
std::string describe(const Values&... values) {
    std::ostringstream text;
    ((text << values << ' '), ...);
    return text.str();
}

}  // namespace check

#define TEST(name)                                                    \
    static void test_##name();                                        \
    static const check::Register register_##name(#name, test_##name); \
    static void test_##name()

#define CHECK(condition, ...)                \
    (++check::current().checks, (condition)) \
        ? (void)0                            \
        : check::fail(#condition, __FILE__, __LINE__, check::describe(__VA_ARGS__))

#define SKIP(reason) (check::current().skipped.append("  ").append(reason).append("\n"))
