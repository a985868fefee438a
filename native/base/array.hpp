// A growable array of trivially copyable elements that can start out in borrowed memory.
//
// Its own memory is zeroed, aligned to cache lines and in huge pages if large (base/memory.hpp).
// Borrowed memory, such as a section of a mapped file, is used in place and kept alive by a shared
// owner until the array grows beyond it or is detached.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "base/memory.hpp"

namespace vecq {

template <class T>
class Array {
    static_assert(std::is_trivially_copyable_v<T>);

public:
    Array() = default;
    // Borrows `count` elements at `data`, which `owner` keeps alive. Only the caller knows whether
    // they are writable.
    Array(std::shared_ptr<const void> owner, T* data, size_t count)
        : owner_(std::move(owner)), data_(data), size_(count), capacity_(count) {}
    Array(Array&& other) noexcept { swap(other); }
    Array& operator=(Array&& other) noexcept {
        swap(other);
        return *this;
    }

    size_t size() const { return size_; }
    T* data() const { return data_; }
    T& operator[](size_t i) const { return data_[i]; }
    size_t bytes() const { return size_ * sizeof(T); }

    // The first allocation has exactly this capacity; later ones grow by at least half, so that
    // appending costs amortized O(1).
    void reserve(size_t count) {
        if (count > capacity_)
            reallocate(size_ == 0 ? count : std::max(count, capacity_ + capacity_ / 2));
    }

    // Copies borrowed elements to memory of its own.
    void detach() {
        if (owner_) reallocate(size_);
    }

    // New elements are zero.
    void resize(size_t count) {
        reserve(count);
        if (count < size_) std::memset(data_ + count, 0, (size_ - count) * sizeof(T));
        size_ = count;
    }

private:
    void reallocate(size_t count) {
        if (count > static_cast<size_t>(PTRDIFF_MAX) / sizeof(T)) throw std::bad_alloc();
        if (owner_ != nullptr || size_ == 0) {
            Memory memory(count * sizeof(T));
            if (size_ > 0) std::memcpy(memory.as<void>(), data_, size_ * sizeof(T));
            memory_ = std::move(memory);
            owner_.reset();
        } else {
            memory_.grow(count * sizeof(T));
        }
        data_ = memory_.as<T>();
        capacity_ = count;
    }

    void swap(Array& other) noexcept {
        std::swap(memory_, other.memory_);
        std::swap(owner_, other.owner_);
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
    }

    Memory memory_;
    std::shared_ptr<const void> owner_;  // of borrowed memory, otherwise null
    T* data_ = nullptr;
    size_t size_ = 0, capacity_ = 0;
};

}  // namespace vecq
