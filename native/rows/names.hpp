// The string ids of an index. Each string has a number, and IdMap maps the numbers to rows as if
// callers had given them.
//
// Names are appended only: a removed item leaves its name behind until `used` copies the names that
// items still have. That frees numbers for later names, which `version` counts: a caller
// that keeps numbers without a lock compares it before reading their names.
//
// All arrays lie in the file as in memory, so that opening maps them. They need not be trusted: an
// entry that leaves the bytes has no name, and a probe sequence ends after kMaxProbes slots.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/array.hpp"
#include "base/bitset.hpp"

namespace vecq {

uint64_t hash_string(std::string_view string, uint64_t seed);

// A slot of the hash table; free if `next` is 0.
struct NameSlot {
    uint32_t next;  // number + 1
    uint32_t tag;   // the lower half of the hash
};

class Names {
public:
    // Bytes of the longest name. An entry is its offset and, in the lower 16 bits, its length.
    static constexpr size_t kMaxBytes = 65535;
    static constexpr size_t kMaxProbes = 1024;

    // Whether ids are strings.
    bool is_active() const { return slots_ != nullptr; }
    // Makes an empty table with a random seed.
    static Names make();

    // Changes whenever a number may get another name.
    uint64_t version() const { return version_; }
    // Number of names, those of removed items included.
    size_t count() const { return count_; }
    // Upper bound of numbers, exclusive.
    size_t extent() const { return entries_.size(); }
    // Returns an empty string for a number without a name.
    std::string_view operator[](int64_t number) const;
    // Returns -1 for an unknown name.
    int64_t find(std::string_view name) const { return find(name, hash(name)); }
    // Overlaps the cache misses of several names.
    void find(std::span<const std::string_view> names, int64_t* numbers) const;
    // Calls visit(i, name) for each number, in order; overlaps the cache misses.
    template <class Visit>
    void each(std::span<const int64_t> numbers, Visit&& visit) const {
        for (size_t i = 0; i < numbers.size() + kAhead; ++i) {
            if (i < numbers.size()) prefetch_entry(numbers[i]);
            if (i >= kAhead / 2 && i - kAhead / 2 < numbers.size())
                __builtin_prefetch((*this)[numbers[i - kAhead / 2]].data());
            if (i >= kAhead) visit(i - kAhead, (*this)[numbers[i - kAhead]]);
        }
    }

    // Returns the number of a name; a new name gets one. `reuses` false: no freed number, because a
    // snapshot reads the entries. The name must be valid.
    int64_t insert(std::string_view name, bool reuses = true);
    // Reserves memory for more names.
    void reserve(size_t count, size_t bytes);
    // Returns a hash table for `count` more names, or null if the present one is large enough. For
    // `use_slots`, so that no search waits for the copy.
    std::shared_ptr<Array<NameSlot>> larger_slots(size_t count) const;
    void use_slots(std::shared_ptr<Array<NameSlot>> slots);
    // Returns a table of the names whose bits are set, under the same numbers.
    Names used(const Bitset& numbers) const;
    // Takes the place of a table with a newer version.
    void replace(Names other);

    // For files.
    struct Stored {
        uint64_t seed, count;
        Array<uint64_t> entries;
        Array<char> bytes;
        Array<NameSlot> slots;
    };
    void restore(Stored stored);
    uint64_t seed() const { return seed_; }
    const Array<uint64_t>& entries() const { return entries_; }
    const Array<char>& bytes() const { return bytes_; }
    // A table that is replaced lives as long as a snapshot holds it.
    const std::shared_ptr<Array<NameSlot>>& slots() const { return slots_; }

    size_t memory_bytes() const;
    // Copies what lies in a mapped file to memory.
    void detach();

private:
    static constexpr size_t kAhead = 16;

    uint64_t hash(std::string_view name) const { return hash_string(name, seed_); }
    size_t home_of(uint64_t hash, size_t slots) const;
    int64_t find(std::string_view name, uint64_t hash) const;
    bool fill_slot(Array<NameSlot>& slots, uint32_t number, uint64_t hash) const;
    std::shared_ptr<Array<NameSlot>> filled_slots(size_t count) const;
    void count_bytes(size_t& sum, std::string_view name) const;
    void rehash();
    uint32_t append(std::string_view name, bool reuses);
    void prefetch_entry(int64_t number) const {
        if (static_cast<uint64_t>(number) < entries_.size())
            __builtin_prefetch(entries_.data() + number);
    }

    uint64_t version_ = 1, seed_ = 0;
    size_t count_ = 0;
    Array<uint64_t> entries_;
    Array<char> bytes_;
    std::shared_ptr<Array<NameSlot>> slots_;  // null: ids are numbers; size 0 or a power of two
    std::vector<uint32_t> free_;              // numbers without a name
};

// Refuses a string that cannot be an id: empty, too long, with a 0 character, or not UTF-8.
void require_valid_name(std::string_view name, const char* argument, size_t at);
// Returns an empty string if `name` can be an id, or else the reason.
std::string fault_of_name(std::string_view name);

}  // namespace vecq
