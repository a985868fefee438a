// An array that grows: zeroed, aligned for the widest vectors, in huge pages when large. It may begin
// as somebody else's memory, such as a part of a mapped file, and moves to its own when it outgrows that.
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
    // Uses `count` elements of the owner's in place. Whoever writes knows that they may be written.
    Array(std::shared_ptr<const void> owner, T* data, size_t count)
        : owner_(std::move(owner)), data_(data), size_(count), room_(count) {}
    Array(Array&& other) noexcept { swap(other); }
    Array& operator=(Array&& other) noexcept {
        swap(other);
        return *this;
    }

    size_t size() const { return size_; }
    T* data() const { return data_; }
    T& operator[](size_t i) const { return data_[i]; }
    size_t bytes() const { return size_ * sizeof(T); }

    // At first exactly this much room; later, for it will not be the last time, a good deal more.
    void reserve(size_t count) {
        if (count > room_)
            move_to_room_for(size_ == 0 ? count : std::max(count, room_ + room_ / 2));
    }

    // In memory of its own.
    void own() {
        if (owner_) move_to_room_for(size_);
    }

    // New elements are zero.
    void resize(size_t count) {
        reserve(count);
        if (count < size_) std::memset(data_ + count, 0, (size_ - count) * sizeof(T));
        size_ = count;
    }

private:
    void move_to_room_for(size_t count) {
        if (count > static_cast<size_t>(PTRDIFF_MAX) / sizeof(T)) throw std::bad_alloc();
        if (owner_ != nullptr || size_ == 0) {
            Memory own(count * sizeof(T));
            if (size_ > 0) std::memcpy(own.as<void>(), data_, size_ * sizeof(T));
            memory_ = std::move(own);
            owner_.reset();
        } else {
            memory_.grow(count * sizeof(T));
        }
        data_ = memory_.as<T>();
        room_ = count;
    }

    void swap(Array& other) noexcept {
        std::swap(memory_, other.memory_);
        std::swap(owner_, other.owner_);
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(room_, other.room_);
    }

    Memory memory_;
    std::shared_ptr<const void> owner_;  // of memory that is not the array's own
    T* data_ = nullptr;
    size_t size_ = 0, room_ = 0;
};

}  // namespace vecq
