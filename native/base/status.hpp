// Errors of native code. The ABI converts an Error to a vecq_status and a message.
#pragma once

#include <cstdio>
#include <exception>
#include <string>
#include <utility>

#include "vecq.h"

namespace vecq {

class Error : public std::exception {
public:
    // `system` is the errno of a failed system call, or 0.
    Error(vecq_status status, std::string argument, std::string message, int system = 0)
        : status_(status),
          argument_(std::move(argument)),
          message_(std::move(message)),
          system_(system) {}

    vecq_status status() const { return status_; }
    const std::string& argument() const { return argument_; }
    const char* what() const noexcept override { return message_.c_str(); }
    int system() const { return system_; }

private:
    vecq_status status_;
    std::string argument_;
    std::string message_;
    int system_;
};

[[noreturn]] inline void refuse(const char* argument, const std::string& message) {
    throw Error(VECQ_INVALID_ARGUMENT, argument, message);
}

// Returns the error as one of argument `to`, if its message begins with the argument `from`.
inline Error rename_argument(const Error& error, const std::string& from, const std::string& to) {
    const std::string message = error.what();
    if (!message.starts_with(from)) return error;
    return {error.status(), to, to + message.substr(from.size())};
}

template <class T>
T* require(T* pointer, const char* argument) {
    if (pointer == nullptr) refuse(argument, std::string(argument) + " is a null pointer");
    return pointer;
}

}  // namespace vecq
