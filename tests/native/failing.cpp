#include "failing.hpp"

#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <new>

#include <sys/mman.h>

namespace failing {

thread_local size_t until_failure = 0;
thread_local bool only_pages = false;

namespace {

bool fails(bool pages) {
    if (until_failure == 0 || (only_pages && !pages)) return false;
    return --until_failure == 0;
}

void* no_pages() {
    errno = ENOMEM;
    return MAP_FAILED;
}

}  // namespace
}  // namespace failing

using failing::fails;

[[gnu::noinline]] void* operator new(size_t bytes) {
    void* memory = fails(false) ? nullptr : std::malloc(bytes > 0 ? bytes : 1);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}
[[gnu::noinline]] void* operator new(size_t bytes, const std::nothrow_t&) noexcept {
    return fails(false) ? nullptr : std::malloc(bytes > 0 ? bytes : 1);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }

extern "C" {

void* __real_aligned_alloc(size_t alignment, size_t bytes);
void* __wrap_aligned_alloc(size_t alignment, size_t bytes) {
    return fails(false) ? nullptr : __real_aligned_alloc(alignment, bytes);
}

void* __real_mmap(void* place, size_t bytes, int use, int flags, int file, off_t offset);
void* __wrap_mmap(void* place, size_t bytes, int use, int flags, int file, off_t offset) {
    return fails(true) ? failing::no_pages() : __real_mmap(place, bytes, use, flags, file, offset);
}

void* __real_mremap(void* place, size_t before, size_t after, int flags, ...);
void* __wrap_mremap(void* place, size_t before, size_t after, int flags, ...) {
    std::va_list rest;
    va_start(rest, flags);
    void* to = (flags & MREMAP_FIXED) != 0 ? va_arg(rest, void*) : nullptr;
    va_end(rest);
    return fails(true) ? failing::no_pages() : __real_mremap(place, before, after, flags, to);
}

int __real_mprotect(void* place, size_t bytes, int use);
int __wrap_mprotect(void* place, size_t bytes, int use) {
    return fails(true) ? (errno = ENOMEM, -1) : __real_mprotect(place, bytes, use);
}

}  // extern "C"
