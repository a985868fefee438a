#include "base/thread_memory.hpp"

#include <cstdlib>
#include <exception>

namespace vecq {
namespace {

VECQ_EARLY_THREAD_LOCAL bool is_prepared = false;

// What libstdc++ and the loader allocate for a thread takes less. Chunks as small as the first ones
// the allocator keeps for the thread that freed them, so that no other thread can take them.
constexpr size_t kSmallChunks = 32, kSmallStep = 16, kLargeChunk = 4096;

bool has_memory() {
    void* volatile chunks[kSmallChunks + 1] = {};  // volatile, or the compiler leaves out the calls
    bool all = true;
    for (size_t i = 0; all && i <= kSmallChunks; ++i) {
        chunks[i] = std::malloc(i < kSmallChunks ? (i + 1) * kSmallStep : kLargeChunk);
        all = chunks[i] != nullptr;
    }
    for (void* chunk : chunks) std::free(chunk);
    return all;
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
