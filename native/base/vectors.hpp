// Vectors of sixteen numbers in portable C++, for arithmetic with the same bits on every processor.
//
// The compiler maps them to the registers of the target. Reductions keep sixteen partial sums and
// add them in one fixed order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace vecq {

inline constexpr size_t kChunk = 16;

typedef float Floats __attribute__((vector_size(kChunk * sizeof(float))));
typedef double Doubles __attribute__((vector_size(kChunk * sizeof(double))));
typedef int32_t Ints __attribute__((vector_size(kChunk * sizeof(int32_t))));
typedef int16_t Shorts __attribute__((vector_size(kChunk * sizeof(int16_t))));
typedef uint8_t Bytes __attribute__((vector_size(kChunk)));

// Chunks are passed by reference because the ABI of returning one depends on the enabled registers.
template <class V>
[[gnu::always_inline]] inline void load_chunk(V& chunk, const void* from) {
    std::memcpy(&chunk, from, sizeof chunk);
}

template <class V>
[[gnu::always_inline]] inline void store_chunk(void* to, const V& chunk) {
    std::memcpy(to, &chunk, sizeof chunk);
}

template <class Element, class V>
[[gnu::always_inline]] inline Element sum_of(const V& chunk) {
    Element part[kChunk];
    static_assert(sizeof part == sizeof chunk);
    std::memcpy(part, &chunk, sizeof part);
    for (size_t width = kChunk / 2; width > 0; width /= 2)
        for (size_t i = 0; i < width; ++i) part[i] += part[i + width];
    return part[0];
}

// Returns the dot product in double precision.
inline double dot_of(const float* a, const float* b, size_t count) {
    Doubles sums = {};
    size_t i = 0;
    for (; i + kChunk <= count; i += kChunk) {
        Floats x, y;
        load_chunk(x, a + i);
        load_chunk(y, b + i);
        sums += __builtin_convertvector(x, Doubles) * __builtin_convertvector(y, Doubles);
    }
    double tail = 0;
    for (; i < count; ++i) tail += double{a[i]} * b[i];
    return sum_of<double>(sums) + tail;
}

}  // namespace vecq
