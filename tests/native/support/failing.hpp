// Makes a chosen allocation fail, to test that calls survive a lack of memory.
//
// The linker redirects the allocation functions of the library to failing.cpp.
#pragma once

#include <functional>

#include "check.hpp"
#include "vecq.h"

namespace failing {

// Number of the allocation on this thread that fails, counting down; 0: none fails.
extern thread_local size_t until_failure;
// Counts only page allocations, those of large arrays.
extern thread_local bool only_pages;

// Whether a call may succeed although an allocation failed.
enum class Without { never, perhaps };

// Repeats `call` with its first, second, ... allocation failing and calls after(number) each time.
// Returns the number of allocations.
inline size_t fail_each(const std::function<vecq_status()>& call,
                        const std::function<void(size_t)>& after,
                        Without without = Without::never) {
    for (size_t number = 1;; ++number) {
        until_failure = number;
        const vecq_status status = call();
        const bool failed = until_failure == 0;
        until_failure = 0;
        const bool succeeded = status == VECQ_OK && (!failed || without == Without::perhaps);
        CHECK(succeeded || (failed && status == VECQ_OUT_OF_MEMORY), number, status);
        after(number);
        if (!failed) return number - 1;
    }
}

}  // namespace failing
