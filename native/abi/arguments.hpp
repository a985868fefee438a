// Checks that calls share.
#pragma once

#include <cstdint>
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

// `items` of a size that memory can hold, at a pointer that is only null when there are none.
template <class T>
T* checked(T* items, const char* argument, size_t count, size_t unit, const char* count_argument) {
    check_size(count, unit, count_argument);
    return count == 0 ? items : require(items, argument);
}

inline Rows checked_rows(Width width, size_t dim, const void* rows, size_t count,
                         const char* count_argument) {
    checked(rows, "rows", count, row_bytes(width, dim), count_argument);
    if (count != 0 && !aligned_to_line(rows)) refuse("rows", "rows is not aligned to 64 bytes");
    return {static_cast<const std::byte*>(rows), row_bytes(width, dim), count};
}

inline size_t checked_range(size_t value, size_t least, size_t most, const char* argument) {
    if (value < least || value > most)
        refuse(argument, std::string(argument) + " is " + std::to_string(value) + ", expected " +
                             std::to_string(least) + " to " + std::to_string(most));
    return value;
}

inline int checked_query_bits(int32_t bits) {
    if (bits != 8 && bits != 15)
        refuse("query_bits", "query_bits is " + std::to_string(bits) + ", expected 8 or 15");
    return bits;
}

// A constant of the header that is passed as an int.
template <class Enum>
Enum checked_enum(int32_t value, Enum last, const char* argument) {
    if (value < 0 || value > static_cast<int32_t>(last))
        refuse(argument, std::string(argument) + " is " + std::to_string(value) +
                             ", expected 0 to " + std::to_string(static_cast<int32_t>(last)));
    return static_cast<Enum>(value);
}

}  // namespace vecq
