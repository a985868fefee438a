// The callers' ids of rows, and a table that finds a row by its id.
#pragma once

#include <span>

#include "base/array.hpp"

namespace vecq {

class Ids {
public:
    size_t size() const { return ids_.size(); }
    int64_t operator[](size_t row) const { return ids_[row]; }
    size_t bytes() const { return ids_.bytes() + slots_.bytes(); }

    void reserve(size_t count) { ids_.reserve(count); }
    // Refuses ids that are there already, naming the position in `ids`; then nothing changes.
    void append(std::span<const int64_t> ids, size_t number);
    // Ids that go on from the largest so far.
    void append_next(size_t count);
    void truncate(size_t count);
    void permute(size_t first, std::span<const uint32_t> order);

private:
    bool insert(size_t row);
    void rebuild(size_t count);
    size_t slot_of(int64_t id) const;

    Array<int64_t> ids_;
    // Row + 1, or 0 where free. Made when a caller first gives ids: until then none can be taken.
    Array<uint32_t> slots_;
    int64_t largest_ = -1;
};

}  // namespace vecq
