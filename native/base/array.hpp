// An array in Memory that grows: zeroed, aligned for the widest vectors, in huge pages when large.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <new>
#include <type_traits>

#include "base/memory.hpp"

namespace vecq {

template <class T>
class Array {
    static_assert(std::is_trivially_copyable_v<T>);

public:
    size_t size() const { return size_; }
    T* data() const { return memory_.as<T>(); }
    T& operator[](size_t i) const { return data()[i]; }
    size_t bytes() const { return memory_.bytes(); }

    // Exactly this much room, unless there is more.
    void reserve(size_t count) {
        if (count <= room()) return;
        if (count > static_cast<size_t>(PTRDIFF_MAX) / sizeof(T)) throw std::bad_alloc();
        Memory larger(count * sizeof(T));
        if (size_ > 0) std::memcpy(larger.as<void>(), memory_.as<void>(), size_ * sizeof(T));
        memory_ = std::move(larger);
    }

    // New elements are zero.
    void resize(size_t count) {
        if (count > room()) reserve(std::max(count, size_ == 0 ? 0 : room() + room() / 2));
        if (count < size_) std::memset(data() + count, 0, (size_ - count) * sizeof(T));
        size_ = count;
    }

private:
    size_t room() const { return memory_.bytes() / sizeof(T); }

    Memory memory_;
    size_t size_ = 0;
};

}  // namespace vecq
