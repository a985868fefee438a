// What the C++ tests share.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

inline int failures = 0;

#define CHECK(condition)   \
    ((condition) ? (void)0 \
                 : (void)(++failures, std::printf("%s:%d: %s\n", __FILE__, __LINE__, #condition)))

// Returns the error of body, which must throw one.
template <class Error, class Body>
Error error_of(Body body) {
    try {
        body();
    } catch (const Error& error) {
        return error;
    }
    CHECK(!"an error was thrown");
    return Error({}, {});
}

inline std::vector<float> queries(size_t count) {
    std::vector<float> own(count * 8);
    for (size_t i = 0; i < own.size(); ++i)
        own[i] = static_cast<float>((6000 + i) * 7919 % 1009) / 512 - 1;
    return own;
}

// Runs the cases of tests/vectors; `tests` is the folder tests/.
void test_vectors(const std::string& tests);
void test_api(const std::string& tests);
