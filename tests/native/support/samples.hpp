// Rows and queries that exercise kernels at their extremes: random, extreme, alternating, zero.
#pragma once

#include <cmath>
#include <random>
#include <vector>

#include "base/memory.hpp"
#include "base/half.hpp"
#include "base/layout.hpp"

namespace samples {

enum class Pattern { random, maximum, minimum, alternating, zero };
inline constexpr Pattern kPatterns[] = {Pattern::random, Pattern::maximum, Pattern::minimum,
                                        Pattern::alternating, Pattern::zero};

// Returns the code at a position, within the range of its width.
inline double value(vecq::Width width, Pattern pattern, size_t at, std::mt19937& random) {
    const bool integer = width == vecq::Width::int8 || width == vecq::Width::int16;
    const double top = width == vecq::Width::int8 ? 127 : width == vecq::Width::int16 ? 32767 : 2;
    switch (pattern) {
        case Pattern::maximum: return top;
        case Pattern::minimum: return integer ? -top - 1 : -top;
        case Pattern::alternating: return at % 2 == 0 ? top : -top;
        case Pattern::zero: return 0;
        case Pattern::random: break;
    }
    const double uniform = std::uniform_real_distribution<double>(-top, top)(random);
    return integer ? std::round(uniform) : uniform;
}

// `count` x `dim` values with their codes as padded rows and as padded queries.
class Matrix {
public:
    Matrix(vecq::Width width, size_t dim, size_t count, Pattern pattern, unsigned seed)
        : dim_(dim),
          query_stride_(vecq::padded_codes(width, dim) * vecq::query_code_bytes(width)),
          values_(dim * count),
          rows_(vecq::row_bytes(width, dim) * count),
          queries_(query_stride_ * count + kShift),
          sums_(count) {
        std::mt19937 random(seed);
        for (size_t r = 0; r < count; ++r)
            for (size_t i = 0; i < vecq::padded_codes(width, dim); ++i)
                put(width, r, i, i < dim ? value(width, pattern, i + r, random) : 0);
    }

    const double* values(size_t row) const { return values_.data() + row * dim_; }
    const std::byte* rows() const { return rows_.as<std::byte>(); }
    // Aligned to one code only, as kernels must accept.
    vecq::Query query(size_t row) const {
        return {queries_.as<std::byte>() + kShift + row * query_stride_, sums_[row]};
    }

private:
    static constexpr size_t kShift = 4;  // bytes off the cache line

    void put(vecq::Width width, size_t r, size_t i, double value) {
        const size_t at = r * (query_stride_ / vecq::query_code_bytes(width)) + i;
        std::byte* query = queries_.as<std::byte>() + kShift;
        switch (width) {
            case vecq::Width::fp32:
                rows_.as<float>()[at] = reinterpret_cast<float*>(query)[at] =
                    static_cast<float>(value);
                break;
            case vecq::Width::fp16:
                rows_.as<uint16_t>()[at] = vecq::float_to_half(static_cast<float>(value));
                value = reinterpret_cast<float*>(query)[at] =
                    vecq::half_to_float(rows_.as<uint16_t>()[at]);
                break;
            case vecq::Width::int16:
                rows_.as<int16_t>()[at] = reinterpret_cast<int16_t*>(query)[at] =
                    static_cast<int16_t>(value);
                break;
            case vecq::Width::int8:
                rows_.as<uint8_t>()[at] = static_cast<uint8_t>(value + vecq::kRowOffset);
                reinterpret_cast<int8_t*>(query)[at] = static_cast<int8_t>(value);
                sums_[r] += static_cast<int32_t>(value);
                break;
            case vecq::Width::int12:
            case vecq::Width::int8_planes:
            case vecq::Width::int4: break;  // see kernels/test_planes.cpp
        }
        if (width == vecq::Width::fp32) value = static_cast<float>(value);
        if (i < dim_) values_[r * dim_ + i] = value;
    }

    size_t dim_, query_stride_;
    std::vector<double> values_;
    vecq::Memory rows_, queries_;
    std::vector<int32_t> sums_;
};

// The exact dot, the sum of magnitudes of its terms, and the dot modulo 2^32.
struct Exact {
    double dot = 0, magnitude = 0;
    uint32_t wrapped = 0;
};

inline Exact exact(const double* a, const double* b, size_t dim) {
    Exact out;
    for (size_t i = 0; i < dim; ++i) {
        out.dot += a[i] * b[i];
        out.magnitude += std::fabs(a[i] * b[i]);
    }
    out.wrapped = static_cast<uint32_t>(static_cast<int64_t>(out.dot));
    return out;
}

}  // namespace samples
