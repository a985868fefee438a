// What goes wrong with files, as errors.
#pragma once

#include <cerrno>
#include <new>
#include <string>
#include <system_error>

#include "base/status.hpp"

namespace vecq {

// The system refused to do something with a file, for the reason `code`.
[[noreturn]] inline void fail_to(const std::string& what, int code = errno) {
    if (code == ENOMEM) throw std::bad_alloc();
    throw Error(VECQ_FILE_ERROR, "path",
                "can't " + what + ": " + std::generic_category().message(code), code);
}

// The contents of a file are not what was written.
[[noreturn]] inline void corrupt(const std::string& message) {
    throw Error(VECQ_CORRUPT_FILE, "path", message);
}

}  // namespace vecq
