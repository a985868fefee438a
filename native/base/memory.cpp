// Allocates small memory from the heap, and large memory as whole huge pages that mremap can grow.
#include "base/memory.hpp"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

namespace vecq {
namespace {

size_t round_up(size_t bytes, size_t unit) {
    if (bytes > SIZE_MAX - unit) throw std::bad_alloc();
    return (bytes + unit - 1) / unit * unit;
}

bool is_large(size_t bytes) { return bytes >= kHugePage; }

// Reserves an address range aligned to huge pages, without memory behind it. `bytes` is a multiple
// of kHugePage.
std::byte* reserve_addresses(size_t bytes) {
    const size_t reserved = round_up(bytes, kHugePage) + kHugePage;
    void* mapping = mmap(nullptr, reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED) throw std::bad_alloc();
    auto* first = static_cast<std::byte*>(mapping);
    const size_t before = (kHugePage - reinterpret_cast<size_t>(first) % kHugePage) % kHugePage;
    if (before > 0) munmap(first, before);
    munmap(first + before + bytes, reserved - before - bytes);
    return first + before;
}

void* allocate_large(size_t bytes) {
    std::byte* address = reserve_addresses(bytes);
    if (mprotect(address, bytes, PROT_READ | PROT_WRITE) != 0) {
        munmap(address, bytes);
        throw std::bad_alloc();
    }
    madvise(address, bytes, MADV_HUGEPAGE);
    return address;
}

void* allocate_small(size_t bytes) {
    const size_t rounded = round_up(bytes, kLine);
    void* address = std::aligned_alloc(kLine, rounded);
    if (address == nullptr) throw std::bad_alloc();
    return std::memset(address, 0, rounded);
}

}  // namespace

Memory::Memory(size_t bytes) : bytes_(bytes) {
    if (bytes > 0)
        data_ =
            is_large(bytes) ? allocate_large(round_up(bytes, kHugePage)) : allocate_small(bytes);
}

Memory::~Memory() {
    if (is_large(bytes_))
        munmap(data_, round_up(bytes_, kHugePage));
    else
        std::free(data_);
}

// Large memory grows without copying: mremap moves its pages to new addresses if the addresses
// behind it are taken.
void Memory::grow(size_t bytes) {
    if (!is_large(bytes_)) {
        Memory larger(bytes);
        if (bytes_ > 0) std::memcpy(larger.data_, data_, bytes_);
        *this = std::move(larger);
        return;
    }
    const size_t before = round_up(bytes_, kHugePage), after = round_up(bytes, kHugePage);
    if (after > before && mremap(data_, before, after, 0) == MAP_FAILED) {
        std::byte* address = reserve_addresses(after);
        if (mremap(data_, before, after, MREMAP_MAYMOVE | MREMAP_FIXED, address) == MAP_FAILED) {
            munmap(address, after);
            throw std::bad_alloc();
        }
        data_ = address;
    }
    madvise(data_, after, MADV_HUGEPAGE);
    bytes_ = bytes;
}

}  // namespace vecq
