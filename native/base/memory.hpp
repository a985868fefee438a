// Zeroed memory aligned for the widest vectors. Large pieces ask for huge pages, are given to us page by
// page as they are first written to, and grow without being copied.
#pragma once

#include <cstddef>
#include <utility>

namespace vecq {

inline constexpr size_t kLine = 64;
inline constexpr size_t kHugePage = size_t{2} << 20;

inline bool aligned_to_line(const void* pointer) {
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

    // What is new is zero. It may move.
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
