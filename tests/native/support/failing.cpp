// Replaces operator new and wraps the system allocators, so that a chosen allocation fails.
#include "failing.hpp"

#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <new>

#include <sys/mman.h>

namespace failing {

thread_local size_t allocations_until_failure = 0;
thread_local bool count_only_pages = false;

namespace {

bool must_fail(bool is_pages) {
    if (allocations_until_failure == 0 || (count_only_pages && !is_pages)) return false;
    return --allocations_until_failure == 0;
}

void* fail_with_no_memory() {
    errno = ENOMEM;
    return MAP_FAILED;
}

}  // namespace
}  // namespace failing

using failing::must_fail;

[[gnu::noinline]] void* operator new(size_t bytes) {
    void* memory = must_fail(false) ? nullptr : std::malloc(bytes > 0 ? bytes : 1);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}
[[gnu::noinline]] void* operator new(size_t bytes, const std::nothrow_t&) noexcept {
    return must_fail(false) ? nullptr : std::malloc(bytes > 0 ? bytes : 1);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }

extern "C" {

void* __real_aligned_alloc(size_t alignment, size_t bytes);
void* __wrap_aligned_alloc(size_t alignment, size_t bytes) {
    return must_fail(false) ? nullptr : __real_aligned_alloc(alignment, bytes);
}

void* __real_mmap(void* address, size_t bytes, int protection, int flags, int file, off_t offset);
void* __wrap_mmap(void* address, size_t bytes, int protection, int flags, int file, off_t offset) {
    return must_fail(true) ? failing::fail_with_no_memory()
                           : __real_mmap(address, bytes, protection, flags, file, offset);
}

void* __real_mremap(void* address, size_t before, size_t after, int flags, ...);
void* __wrap_mremap(void* address, size_t before, size_t after, int flags, ...) {
    std::va_list arguments;
    va_start(arguments, flags);
    void* to = (flags & MREMAP_FIXED) != 0 ? va_arg(arguments, void*) : nullptr;
    va_end(arguments);
    return must_fail(true) ? failing::fail_with_no_memory()
                           : __real_mremap(address, before, after, flags, to);
}

int __real_mprotect(void* address, size_t bytes, int protection);
int __wrap_mprotect(void* address, size_t bytes, int protection) {
    return must_fail(true) ? (errno = ENOMEM, -1) : __real_mprotect(address, bytes, protection);
}

}  // extern "C"
