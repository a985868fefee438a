// Finds the number of an item that is stored elsewhere under that number: a hash table of numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace vecq {

// FNV-1a with a final mix.
inline uint64_t hash_of(std::span<const std::byte> bytes) {
    uint64_t hash = 0xcbf29ce484222325;
    for (const std::byte byte : bytes) hash = (hash ^ static_cast<uint64_t>(byte)) * 0x100000001b3;
    return hash ^ hash >> 32;
}

// Open addressing with linear probing, at most half full. `hash(number)` and `is(number)` look at
// the stored items.
class NumberTable {
public:
    static constexpr uint32_t kNone = UINT32_MAX;

    template <class Is>
    uint32_t find(uint64_t hash, Is&& is) const {
        if (slots_.empty()) return kNone;
        for (size_t at = hash & mask();; at = (at + 1) & mask()) {
            const uint32_t number = slots_[at];
            if (number == kNone || is(number)) return number;
        }
    }

    // Reserves memory for `count` numbers in all, so that `insert` does not fail.
    template <class Hash>
    void reserve(size_t count, Hash&& hash) {
        if (2 * count <= slots_.size()) return;
        size_t size = 16;
        while (size < 2 * count) size *= 2;
        std::vector<uint32_t> old(size, kNone);
        old.swap(slots_);
        for (const uint32_t number : old)
            if (number != kNone) insert(hash(number), number);
    }

    // Requires that no equal item is in the table.
    void insert(uint64_t hash, uint32_t number) {
        size_t at = hash & mask();
        while (slots_[at] != kNone) at = (at + 1) & mask();
        slots_[at] = number;
    }

    size_t bytes() const { return slots_.capacity() * sizeof(uint32_t); }

private:
    size_t mask() const { return slots_.size() - 1; }

    std::vector<uint32_t> slots_;
};

}  // namespace vecq
