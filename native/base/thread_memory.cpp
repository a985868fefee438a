// Probes for memory, then triggers the allocation by a harmless call.
#include "base/thread_memory.hpp"

#include <cstdlib>
#include <exception>

namespace vecq {
namespace {

VECQ_EARLY_THREAD_LOCAL bool is_prepared = false;

// More than libstdc++ and the loader allocate for a thread. malloc caches freed small chunks for
// the thread that freed them, so no other thread can take them before they are used.
constexpr size_t kSmallChunks = 32, kSmallStep = 16, kLargeChunk = 4096;

bool has_memory() {
    void* volatile chunks[kSmallChunks + 1] = {};  // volatile keeps the calls
    bool has_all = true;
    for (size_t i = 0; has_all && i <= kSmallChunks; ++i) {
        chunks[i] = std::malloc(i < kSmallChunks ? (i + 1) * kSmallStep : kLargeChunk);
        has_all = chunks[i] != nullptr;
    }
    for (void* chunk : chunks) std::free(chunk);
    return has_all;
}

}  // namespace

bool prepare_thread() noexcept {
    if (is_prepared) return true;
    if (!has_memory()) return false;
    [[maybe_unused]] const volatile int used = std::uncaught_exceptions();
    is_prepared = true;
    return true;
}

}  // namespace vecq
