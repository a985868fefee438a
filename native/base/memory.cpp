#include "base/memory.hpp"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

namespace vecq {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;

size_t round_up(size_t bytes, size_t unit) {
    if (bytes > SIZE_MAX - unit) throw std::bad_alloc();
    return (bytes + unit - 1) / unit * unit;
}

}  // namespace

Memory::Memory(size_t bytes) : bytes_(bytes) {
    if (bytes == 0) return;
    const size_t unit = bytes < kHugePage ? kLine : kHugePage;
    const size_t rounded = round_up(bytes, unit);
    data_ = std::aligned_alloc(unit, rounded);
    if (data_ == nullptr) throw std::bad_alloc();
    if (unit == kHugePage) madvise(data_, rounded, MADV_HUGEPAGE);
    std::memset(data_, 0, rounded);
}

Memory::~Memory() { std::free(data_); }

}  // namespace vecq
