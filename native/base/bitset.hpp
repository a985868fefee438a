// Bits in words of 64: functions on borrowed words, and a set that owns its words.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace vecq {

constexpr size_t words_for(size_t bits) { return (bits + 63) / 64; }

inline bool test_bit(const uint64_t* words, size_t at) {
    return (words[at / 64] >> at % 64 & 1) != 0;
}
inline void set_bit(uint64_t* words, size_t at) { words[at / 64] |= uint64_t{1} << at % 64; }
inline void clear_bit(uint64_t* words, size_t at) { words[at / 64] &= ~(uint64_t{1} << at % 64); }

class Bitset {
public:
    // Number of bits allocated.
    size_t capacity() const { return words_.size() * 64; }
    bool empty() const { return words_.empty(); }
    const uint64_t* words() const { return words_.data(); }
    size_t word_count() const { return words_.size(); }
    uint64_t word(size_t at) const { return words_[at]; }

    bool test(size_t at) const { return test_bit(words_.data(), at); }
    void set(size_t at) { set_bit(words_.data(), at); }
    void clear(size_t at) { clear_bit(words_.data(), at); }
    // Returns whether the bit was clear. Any number of threads may call this.
    bool set_atomically(size_t at) {
        const uint64_t bit = uint64_t{1} << at % 64;
        uint64_t& word = words_[at / 64];
        if ((__atomic_load_n(&word, __ATOMIC_RELAXED) & bit) != 0) return false;
        return (__atomic_fetch_or(&word, bit, __ATOMIC_RELAXED) & bit) == 0;
    }
    void assign(size_t at, bool value) { value ? set(at) : clear(at); }

    // Grows to at least `bits` bits, never shrinks. New words hold `fill`. Capacity grows by half.
    void grow(size_t bits, uint64_t fill = 0) {
        const size_t words = words_for(bits);
        if (words <= words_.size()) return;
        if (words > words_.capacity())
            words_.reserve(std::max(words, words_.capacity() + words_.capacity() / 2));
        words_.resize(words, fill);
    }

    // Sets the bits in [first, last) to `value`.
    void fill(size_t first, size_t last, bool value) {
        for (; first < last && first % 64 != 0; ++first) assign(first, value);
        for (; first + 64 <= last; first += 64) words_[first / 64] = value ? ~uint64_t{0} : 0;
        for (; first < last; ++first) assign(first, value);
    }

    // Overwrites `count` words from number `first` on.
    void write(size_t first, const uint64_t* words, size_t count) {
        std::copy_n(words, count, words_.begin() + static_cast<ptrdiff_t>(first));
    }
    // Clears all bits from `at` on.
    void clear_from(size_t at) { fill(at, capacity(), false); }

    size_t count() const {
        size_t sum = 0;
        for (const uint64_t word : words_) sum += static_cast<size_t>(std::popcount(word));
        return sum;
    }

    void intersect(const uint64_t* other) {
        for (size_t i = 0; i < words_.size(); ++i) words_[i] &= other[i];
    }
    // Intersects the first `bits` bits, whole words, and keeps the others.
    void intersect_first(const uint64_t* other, size_t bits) {
        for (size_t i = 0; i < words_for(bits); ++i) words_[i] &= other[i];
    }
    void unite(const uint64_t* other) {
        for (size_t i = 0; i < words_.size(); ++i) words_[i] |= other[i];
    }
    void subtract(const uint64_t* other) {
        for (size_t i = 0; i < words_.size(); ++i) words_[i] &= ~other[i];
    }

private:
    std::vector<uint64_t> words_;
};

}  // namespace vecq
