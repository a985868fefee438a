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

// Addresses for whole huge pages, nothing behind them yet.
std::byte* take_addresses(size_t bytes) {
    const size_t room = round_up(bytes, kHugePage) + kHugePage;
    void* taken = mmap(nullptr, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (taken == MAP_FAILED) throw std::bad_alloc();
    auto* first = static_cast<std::byte*>(taken);
    const size_t before = (kHugePage - reinterpret_cast<size_t>(first) % kHugePage) % kHugePage;
    if (before > 0) munmap(first, before);
    munmap(first + before + bytes, room - before - bytes);
    return first + before;
}

void* make_large(size_t bytes) {
    std::byte* place = take_addresses(bytes);
    if (mprotect(place, bytes, PROT_READ | PROT_WRITE) != 0) {
        munmap(place, bytes);
        throw std::bad_alloc();
    }
    madvise(place, bytes, MADV_HUGEPAGE);
    return place;
}

void* make_small(size_t bytes) {
    const size_t rounded = round_up(bytes, kLine);
    void* place = std::aligned_alloc(kLine, rounded);
    if (place == nullptr) throw std::bad_alloc();
    return std::memset(place, 0, rounded);
}

}  // namespace

Memory::Memory(size_t bytes) : bytes_(bytes) {
    if (bytes > 0)
        data_ = is_large(bytes) ? make_large(round_up(bytes, kHugePage)) : make_small(bytes);
}

Memory::~Memory() {
    if (is_large(bytes_))
        munmap(data_, round_up(bytes_, kHugePage));
    else
        std::free(data_);
}

// Pages that were written to stay what they are; their addresses change if there is no room behind them.
void Memory::grow(size_t bytes) {
    if (!is_large(bytes_)) {
        Memory larger(bytes);
        if (bytes_ > 0) std::memcpy(larger.data_, data_, bytes_);
        *this = std::move(larger);
        return;
    }
    const size_t before = round_up(bytes_, kHugePage), after = round_up(bytes, kHugePage);
    if (after > before && mremap(data_, before, after, 0) == MAP_FAILED) {
        std::byte* place = take_addresses(after);
        if (mremap(data_, before, after, MREMAP_MAYMOVE | MREMAP_FIXED, place) == MAP_FAILED) {
            munmap(place, after);
            throw std::bad_alloc();
        }
        data_ = place;
    }
    madvise(data_, after, MADV_HUGEPAGE);
    bytes_ = bytes;
}

}  // namespace vecq
