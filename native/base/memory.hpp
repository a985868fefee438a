// Owned, zeroed memory aligned to cache lines, the storage of all arrays.
//
// From kHugePage bytes on it requests huge pages, becomes resident page by page on first write, and
// grows without copying.
#pragma once

#include <cstddef>
#include <utility>

namespace vecq {

inline constexpr size_t kLine = 64;  // bytes of a cache line, and of the widest vector
inline constexpr size_t kHugePage = size_t{2} << 20;

inline bool is_line_aligned(const void* pointer) {
    return reinterpret_cast<size_t>(pointer) % kLine == 0;
}

class Memory {
public:
    Memory() = default;
    explicit Memory(size_t bytes);
    ~Memory();
    Memory(Memory&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    Memory& operator=(Memory&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(bytes_, other.bytes_);
        return *this;
    }

    // Keeps the contents, zeroes the rest and invalidates pointers. If it throws, nothing changes.
    void grow(size_t bytes);

    size_t bytes() const { return bytes_; }
    template <class T>
    T* as() const {
        return static_cast<T*>(data_);
    }

private:
    void* data_ = nullptr;
    size_t bytes_ = 0;
};

}  // namespace vecq
