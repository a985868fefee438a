// Allocations that fail when a test wants them to. The linker has the library call the ones in
// failing.cpp.
#pragma once

#include <functional>

#include "check.hpp"
#include "vecq.h"

namespace failing {

// Allocations on this thread until one fails; 0: none does.
extern thread_local size_t until_failure;
// Only what is asked of the system page by page counts: large arrays, and what they grow into.
extern thread_local bool only_pages;

// Whether a call that lacked memory once may do without it.
enum class Without { never, perhaps };

// Runs `call` with every one of its allocations failing in turn, `after` each. Returns how many it has.
inline size_t fail_each(const std::function<vecq_status()>& call,
                        const std::function<void(size_t)>& after,
                        Without without = Without::never) {
    for (size_t number = 1;; ++number) {
        until_failure = number;
        const vecq_status status = call();
        const bool failed = until_failure == 0;
        until_failure = 0;
        const bool well = status == VECQ_OK && (!failed || without == Without::perhaps);
        CHECK(well || (failed && status == VECQ_OUT_OF_MEMORY), number, status);
        after(number);
        if (!failed) return number - 1;
    }
}

}  // namespace failing
