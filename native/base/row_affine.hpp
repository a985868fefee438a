// The affine of a row inside the padding of its codes, so that walks read no further cache line per
// row for it.
//
// A row of bytes holds it in its last eight bytes. A row of planes holds it in the high nibbles of
// the last sixteen bytes of its upper plane: the low nibbles of the affine in the first eight, its
// high nibbles in the last eight. A query is 0 behind its last code, so dots stay the same.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/layout.hpp"

namespace vecq {

class RowAffine {
public:
    // Rows without room.
    constexpr RowAffine() = default;
    // The place in rows of planes, or of bytes if there is no plane.
    constexpr RowAffine(size_t planes, size_t row_bytes, size_t dim) : is_in_nibbles_(planes > 0) {
        const size_t first_bytes = row_bytes / std::max<size_t>(planes, 1);
        const size_t codes = (is_in_nibbles_ ? 2 : 1) * first_bytes;
        if (dim + word_count() * sizeof(Affine) <= codes)
            offset_ = first_bytes - word_count() * sizeof(Affine);
    }
    constexpr RowAffine(Width width, size_t dim) {
        if (row_code_bytes(width) == 1)
            *this = RowAffine(planes_of(width), row_bytes(width, dim), dim);
    }

    // Whether rows have room.
    explicit constexpr operator bool() const { return offset_ != kNowhere; }
    size_t offset() const { return offset_; }

    void write(std::byte* row, const Affine& affine) const {
        const auto bits = std::bit_cast<uint64_t>(affine);
        if (!is_in_nibbles_) return store(row + offset_, bits);
        std::byte *low = row + offset_, *high = low + sizeof bits;
        store(low, (load(low) & ~kHighNibbles) | (bits << 4 & kHighNibbles));
        store(high, (load(high) & ~kHighNibbles) | (bits & kHighNibbles));
    }
    Affine read(const std::byte* row) const {
        return is_in_nibbles_ ? read_nibbles(row + offset_) : read_bytes(row + offset_);
    }
    static Affine read_bytes(const std::byte* at) { return std::bit_cast<Affine>(load(at)); }
    static Affine read_nibbles(const std::byte* at) {
        const uint64_t low = load(at) & kHighNibbles, high = load(at + sizeof low) & kHighNibbles;
        return std::bit_cast<Affine>(low >> 4 | high);
    }

    // Returns the eight bytes of a row from `at` on, a multiple of 8, without the affine.
    uint64_t codes_at(const std::byte* row, size_t at) const {
        const uint64_t word = load(row + at);
        if (at - offset_ >= word_count() * sizeof word) return word;
        return is_in_nibbles_ ? word & ~kHighNibbles : 0;
    }
    bool has_equal_codes(const std::byte* a, const std::byte* b, size_t row_bytes) const {
        for (size_t at = 0; at < row_bytes; at += sizeof(uint64_t))
            if (codes_at(a, at) != codes_at(b, at)) return false;
        return true;
    }

private:
    static constexpr size_t kNowhere = SIZE_MAX / 2;
    static constexpr uint64_t kHighNibbles = 0xf0f0f0f0f0f0f0f0;

    constexpr size_t word_count() const { return is_in_nibbles_ ? 2 : 1; }
    static uint64_t load(const std::byte* from) {
        uint64_t word;
        std::memcpy(&word, from, sizeof word);
        return word;
    }
    static void store(std::byte* to, uint64_t word) { std::memcpy(to, &word, sizeof word); }

    size_t offset_ = kNowhere;
    bool is_in_nibbles_ = false;
};

}  // namespace vecq
