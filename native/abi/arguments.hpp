// Argument checks that entries share. Each throws an Error that names the argument.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "base/layout.hpp"
#include "base/status.hpp"

namespace vecq {

inline void check_dim(size_t dim) {
    if (dim == 0 || dim > kMaxDim)
        refuse("dim", "dim is " + std::to_string(dim) + ", expected 1 to 65535");
}

inline void check_size(size_t count, size_t unit, const char* argument) {
    if (count > static_cast<size_t>(PTRDIFF_MAX) / unit)
        refuse(argument, std::string(argument) + " is " + std::to_string(count) +
                             ", more than memory can hold");
}

// Returns `items`, which may be null only if `count` is 0. `unit` is bytes per item.
template <class T>
T* checked(T* items, const char* argument, size_t count, size_t unit, const char* count_argument) {
    check_size(count, unit, count_argument);
    return count == 0 ? items : require(items, argument);
}

inline Rows checked_rows(Width width, size_t dim, const void* rows, size_t count,
                         const char* count_argument) {
    checked(rows, "rows", count, row_bytes(width, dim), count_argument);
    if (count != 0 && !is_line_aligned(rows)) refuse("rows", "rows is not aligned to 64 bytes");
    return {static_cast<const std::byte*>(rows), row_bytes(width, dim), count};
}

inline size_t checked_range(size_t value, size_t least, size_t most, const char* argument) {
    if (value < least || value > most)
        refuse(argument, std::string(argument) + " is " + std::to_string(value) + ", expected " +
                             std::to_string(least) + " to " + std::to_string(most));
    return value;
}

constexpr int32_t kDefaultQueryBits = 15;

inline int checked_query_bits(int32_t bits) {
    if (bits != 8 && bits != 15)
        refuse("query_bits", "query_bits is " + std::to_string(bits) + ", expected 8 or 15");
    return bits;
}

// Structs that may grow begin with their size in bytes in the caller's header. An older caller's
// struct is shorter: the fields that it lacks are 0. A newer caller's is longer: its extra bytes
// must be 0, so that no option is ignored silently. The structs have no padding: outputs would leak
// it, and a later field in it would be read from callers that do not know the field.

// Far above any struct. A larger size is uninitialized memory; reading that many bytes could fault.
inline constexpr size_t kMaxStructBytes = size_t{64} << 10;

template <class T>
size_t checked_struct_size(const T* given, const char* argument) {
    static_assert(offsetof(T, struct_size) == 0);
    size_t size = 0;
    std::memcpy(&size, require(given, argument), sizeof size);
    if (size < sizeof size || size > kMaxStructBytes || size % alignof(T) != 0)
        refuse(argument, std::string(argument) + ".struct_size is " + std::to_string(size) +
                             ", expected the size of the struct, " + std::to_string(sizeof(T)));
    const auto* bytes = reinterpret_cast<const unsigned char*>(given);
    const auto is_set = [](unsigned char byte) { return byte != 0; };
    if (size > sizeof(T) && std::any_of(bytes + sizeof(T), bytes + size, is_set))
        refuse(argument,
               std::string(argument) + " has values beyond the " + std::to_string(sizeof(T)) +
                   " bytes that this version knows, its struct_size is " + std::to_string(size));
    return size;
}

template <class T>
T read_struct(const T* given, const char* argument) {
    T own{};
    const size_t size = checked_struct_size(given, argument);
    std::memcpy(&own, given, std::min(size, sizeof own));
    return own;
}

// Fills the caller's struct up to its struct_size, which is unchanged.
template <class T>
void write_struct(T* out, T own, const char* argument) {
    own.struct_size = checked_struct_size(out, argument);
    std::memcpy(out, &own, std::min(own.struct_size, sizeof own));
}

// An enumerator of the header, which the ABI passes as int32_t. They start at 0 without gaps.
template <class Enum>
Enum checked_enum(int32_t value, Enum last, const char* argument) {
    if (value < 0 || value > static_cast<int32_t>(last))
        refuse(argument, std::string(argument) + " is " + std::to_string(value) +
                             ", expected 0 to " + std::to_string(static_cast<int32_t>(last)));
    return static_cast<Enum>(value);
}

// A vecq_width. The layout of int8 codes is the library's choice, not the caller's.
inline Width checked_width(int32_t value) {
    if (value == static_cast<int32_t>(Width::int8_planes))
        refuse("width",
               "width is 5, which is reserved: VECQ_INT8 is stored in planes where that is faster");
    return checked_enum(value, Width::int4, "width");
}

}  // namespace vecq
