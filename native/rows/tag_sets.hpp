// The distinct sets of tags of an attribute, numbered in the order of their first use. A row holds
// the number of its set, so that every row has one element of a fixed size.
//
// As with Texts, sets are appended while no search runs, and those of a file are validated at the
// first use.
#pragma once

#include <atomic>
#include <mutex>
#include <span>
#include <vector>

#include "base/array.hpp"
#include "base/number_table.hpp"

namespace vecq {

class TagSets {
public:
    static constexpr uint32_t kNone = NumberTable::kNone;

    // Requires `prepare`.
    size_t size() const { return starts_.size(); }
    // The numbers of the texts of a set, ascending. Requires `prepare`.
    std::span<const uint32_t> operator[](size_t number) const {
        const size_t start = starts_[number];
        return {stored_.data() + start + 1, stored_[start]};
    }
    // Requires `prepare`.
    uint32_t find(std::span<const uint32_t> tags) const;

    // Validates the sets, whose texts are numbered below `texts`, and builds the table.
    // Thread-safe. Throws if a file is corrupt.
    void prepare(size_t texts) const;
    // Reserves memory, so that `append` does not fail for `count` more sets of `tags` tags in all.
    void reserve_more(size_t count, size_t tags);
    // Appends a set that is not there. Requires `prepare` and reserved memory.
    void append(std::span<const uint32_t> tags);

    // Takes a stored array, of which nothing is validated yet.
    void restore(Array<uint32_t> stored);
    // For each set the number of its tags, then the tags.
    const Array<uint32_t>& stored() const { return stored_; }
    size_t memory() const {
        return stored_.bytes() + starts_.capacity() * sizeof(uint64_t) + table_.bytes();
    }

private:
    std::vector<uint64_t> validated_starts(size_t texts) const;

    Array<uint32_t> stored_;
    mutable std::vector<uint64_t> starts_;  // of each set in stored_
    mutable NumberTable table_;
    mutable std::atomic<bool> is_prepared_ = true;
    mutable std::mutex preparing_;
};

}  // namespace vecq
