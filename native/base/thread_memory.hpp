// Thread-local memory that has to be there before a thread needs it.
//
// glibc allocates the thread-local variables of a library that was loaded after the start of the
// process, as Python loads this one and libstdc++, when a thread first uses them. Where that fails
// it ends the process.
#pragma once

#include <cstddef>

// For this library's own variables, few and small: they lie in what every thread has from its
// beginning. Other C libraries allocate all of them when a thread starts.
#if defined(__GLIBC__)
#define VECQ_EARLY_THREAD_LOCAL [[gnu::tls_model("initial-exec")]] thread_local
#else
#define VECQ_EARLY_THREAD_LOCAL thread_local
#endif

namespace vecq {

// Has libstdc++ allocate what it keeps of the calling thread to throw and catch. False if there is
// too little memory: then the thread must not throw, nor call what may. Cheap once it returned
// true.
bool prepare_thread() noexcept;

}  // namespace vecq
