// Allocates thread-local memory before a thread needs it.
//
// glibc allocates the thread-local variables of libraries loaded after process start, as Python
// loads this one and libstdc++, when a thread first uses them, and ends the process if that fails.
#pragma once

#include <cstddef>

// For this library's own variables, few and small: the initial-exec model places them in the block
// that glibc allocates at thread start. Other C libraries allocate all variables then.
#if defined(__GLIBC__)
#define VECQ_EARLY_THREAD_LOCAL [[gnu::tls_model("initial-exec")]] thread_local
#else
#define VECQ_EARLY_THREAD_LOCAL thread_local
#endif

namespace vecq {

// Makes libstdc++ allocate the exception state of the calling thread. Returns false if there is not
// enough memory: then the thread must not throw or call functions that may. Cheap once it has
// returned true.
bool prepare_thread() noexcept;

}  // namespace vecq
