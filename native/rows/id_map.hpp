// The callers' ids of rows, a table that finds a row by its id, and the order in which items came.
// A row that was erased keeps its place, empty, until another one is moved there.
#pragma once

#include <mutex>
#include <span>
#include <vector>

#include "base/array.hpp"

namespace vecq {

inline constexpr uint32_t kNoRow = UINT32_MAX;

class IdMap {
public:
    size_t size() const { return ids_.size(); }
    int64_t operator[](size_t row) const { return ids_[row]; }
    // Any number of threads may ask, also while one calls `prepare`.
    size_t bytes() const;
    const int64_t* data() const { return ids_.data(); }
    const Array<uint32_t>& order() const { return order_; }
    int64_t largest() const { return largest_; }

    void reserve(size_t count) { ids_.reserve(count); }
    // Refuses ids that are there already, naming the position in `ids`; then nothing changes. Rows
    // below `replaceable` may have the id as well: they are found by it until they are replaced.
    void append(std::span<const int64_t> ids, size_t number, size_t replaceable = 0);
    // Ids that go on from the largest so far.
    void append_next(size_t count);
    void truncate(size_t count);
    void permute(size_t first, std::span<const uint32_t> order);
    // The last row becomes row `to`, which is empty.
    void move_last(size_t to);
    // The row is no item any more. The table must be there, and the order, see `keep`.
    void erase(size_t row);
    // The row takes the place of the one that its id is found by, which becomes empty.
    void replace(size_t row);
    // After this `erase`, `replace` and `find` do not fail.
    void keep();
    // What was to be replaced, and was not, stays.
    void settle() { replaced_.clear(); }
    bool replaces() const { return !replaced_.empty(); }
    // What was stored somewhere; an empty order is that of the ids.
    void restore(Array<int64_t> ids, Array<uint32_t> order, int64_t largest);
    // Moves ids that were restored in place to memory of their own.
    void detach() { ids_.detach(); }

    // The row of an id, or kNoRow. Any number of threads may ask at a time, once `prepare` was
    // called after the last change.
    uint32_t find(int64_t id) const {
        static_assert(kNoRow == uint32_t{0} - 1);  // what is free leads there
        if (scattered_) return slots_[slot_of(id)] - 1;
        return is_own_place(id) ? slots_[static_cast<size_t>(id)] - 1 : kNoRow;
    }
    void prepare() const;
    // All rows but empty ones, in the order in which they came.
    std::vector<uint32_t> in_order() const;
    bool is_empty(size_t row) const { return order_.size() > row && order_[row] == kNoRow; }

private:
    bool insert(size_t row) const;
    bool announce(size_t row, size_t replaceable);
    void rebuild(size_t count) const;
    void keep_order();
    void number_from(size_t first);
    void renumber();
    bool is_own_place(int64_t id) const { return static_cast<uint64_t>(id) < slots_.size(); }
    size_t home_of(int64_t id) const;
    size_t slot_of(int64_t id) const;

    Array<int64_t> ids_;
    // Row + 1, or 0 where free. Made when a caller first gives ids, for until then none can be
    // taken, or asks for one.
    mutable Array<uint32_t> slots_;
    // Whether some id is too large to be its own place. As long as none is, no id has the place of
    // another.
    mutable bool scattered_ = false;
    mutable std::mutex preparing_;
    // Grows with time. Made when a caller first gives ids: until then they are the order.
    Array<uint32_t> order_;
    size_t next_ = 0;       // in the order; 0: not known
    int64_t largest_ = -1;  // that was ever given
    int64_t largest_erased_ = -1;
    std::vector<bool>
        replaced_;  // rows whose ids were given to others, which are yet to replace them
};

[[noreturn]] void refuse_unknown_id(const int64_t* ids, size_t at);

}  // namespace vecq
