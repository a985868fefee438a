// Makes a chosen allocation fail, to test that calls survive a lack of memory.
//
// The linker redirects the allocation functions of the library to failing.cpp.
#pragma once

#include <functional>

#include "check.hpp"
#include "vecq.h"

namespace failing {

// Number of the allocation on this thread that fails, counting down; 0: none fails.
extern thread_local size_t allocations_until_failure;
// Counts only page allocations, those of large arrays.
extern thread_local bool count_only_pages;

// Whether a call may succeed although an allocation failed.
enum class Recovery { impossible, possible };

// Repeats `call` with its first, second, ... allocation failing and calls after(number) each time.
// Returns the number of allocations.
inline size_t fail_each_allocation(const std::function<vecq_status()>& call,
                                   const std::function<void(size_t)>& after,
                                   Recovery recovery = Recovery::impossible) {
    for (size_t number = 1;; ++number) {
        allocations_until_failure = number;
        const vecq_status status = call();
        const bool failed = allocations_until_failure == 0;
        allocations_until_failure = 0;
        const bool succeeded = status == VECQ_OK && (!failed || recovery == Recovery::possible);
        CHECK(succeeded || (failed && status == VECQ_OUT_OF_MEMORY), number, status);
        after(number);
        if (!failed) return number - 1;
    }
}

}  // namespace failing
