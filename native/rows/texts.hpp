// The distinct texts of an attribute, numbered in the order of their first use. A number keeps its
// text for as long as the index lives.
//
// Texts are appended while no search runs. The lookup table is built at the first use: a file may
// hold millions of texts and still opens at once. That is also when texts of a file are validated.
#pragma once

#include <atomic>
#include <mutex>
#include <string_view>

#include "base/array.hpp"
#include "base/number_table.hpp"

namespace vecq {

class Texts {
public:
    static constexpr uint32_t kNone = NumberTable::kNone;

    size_t size() const { return ends_.size(); }
    // Requires `prepare`.
    std::string_view operator[](size_t number) const {
        const uint64_t start = number == 0 ? 0 : ends_[number - 1];
        return {bytes_.data() + start, ends_[number] - start};
    }
    // Returns the number of a text, or kNone. Requires `prepare`.
    uint32_t find(std::string_view text) const;

    // Validates the texts and builds the table. Thread-safe. Throws if a file is corrupt.
    void prepare() const;
    // Reserves memory, so that `append` does not fail for `count` more texts of `bytes` bytes.
    void reserve_more(size_t count, size_t bytes);
    // Appends a text that is not there. Requires `prepare` and reserved memory.
    void append(std::string_view text);

    // Takes stored arrays, of which nothing is validated yet.
    void restore(Array<uint64_t> ends, Array<char> bytes);
    const Array<uint64_t>& ends() const { return ends_; }
    const Array<char>& bytes() const { return bytes_; }
    size_t memory() const { return ends_.bytes() + bytes_.bytes() + table_.bytes(); }

private:
    void validate() const;

    Array<uint64_t> ends_;  // offset in bytes_ behind each text
    Array<char> bytes_;
    mutable NumberTable table_;
    mutable std::atomic<bool> is_prepared_ = true;
    mutable std::mutex preparing_;
};

}  // namespace vecq
