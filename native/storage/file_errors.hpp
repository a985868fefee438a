// Throws the errors of file operations: failed system calls and corrupt contents.
#pragma once

#include <cerrno>
#include <new>
#include <string>
#include <system_error>

#include "base/status.hpp"

namespace vecq {

// Throws "can't <action>: <message of code>"; std::bad_alloc if the system lacks memory.
[[noreturn]] inline void throw_file_error(const std::string& action, int code = errno) {
    if (code == ENOMEM) throw std::bad_alloc();
    throw Error(VECQ_FILE_ERROR, "path",
                "can't " + action + ": " + std::generic_category().message(code), code);
}

// Throws for a file with contents that no writer of this format produces.
[[noreturn]] inline void throw_corrupt(const std::string& message) {
    throw Error(VECQ_CORRUPT_FILE, "path", message);
}

}  // namespace vecq
