// The exception fence: every entry of the ABI runs inside fenced(), which converts exceptions to a
// vecq_status and a vecq_error.
#pragma once

#include <algorithm>
#include <cstring>
#include <new>
#include <string_view>

#include "base/status.hpp"
#include "base/thread_memory.hpp"

namespace vecq {

// Truncates text that does not fit.
template <size_t N>
void copy_text(char (&to)[N], std::string_view text) {
    const size_t length = std::min(text.size(), N - 1);
    std::memcpy(to, text.data(), length);
    to[length] = '\0';
}

inline vecq_status report(vecq_error* error, vecq_status status, std::string_view argument,
                          std::string_view message, int system = 0) {
    if (error != nullptr) {
        error->system = system;
        copy_text(error->argument, argument);
        copy_text(error->message, message);
    }
    return status;
}

template <class Body>
vecq_status fenced(vecq_error* error, Body&& body) noexcept {
    if (!prepare_thread()) return report(error, VECQ_OUT_OF_MEMORY, "", "out of memory");
    try {
        body();
        return VECQ_OK;
    } catch (const Error& failure) {
        return report(error, failure.status(), failure.argument(), failure.what(),
                      failure.system());
    } catch (const std::bad_alloc&) {
        return report(error, VECQ_OUT_OF_MEMORY, "", "out of memory");
    } catch (const std::exception& failure) {
        return report(error, VECQ_INTERNAL, "", failure.what());
    } catch (...) {
        return report(error, VECQ_INTERNAL, "", "unknown failure");
    }
}

}  // namespace vecq
