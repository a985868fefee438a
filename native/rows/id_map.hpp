// Maps rows to the callers' ids and ids to rows, and records the insertion order of items.
//
// An erased row stays vacant until `move_last` or a new id fills it. The lookup table and the
// insertion order are built only when needed: ids given by the index itself are 0, 1, 2, ... in
// insertion order.
#pragma once

#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/array.hpp"
#include "base/bitset.hpp"
#include "base/permute.hpp"
#include "rows/names.hpp"

namespace vecq {

inline constexpr uint32_t kNoRow = UINT32_MAX;

class IdMap {
public:
    size_t size() const { return ids_.size(); }
    int64_t operator[](size_t row) const { return ids_[row]; }
    const int64_t* data() const { return ids_.data(); }
    [[gnu::always_inline]] void prefetch(size_t row) const {
        __builtin_prefetch(ids_.data() + row);
    }
    // The insertion number of each row, kNoRow if vacant; empty while ids give the order.
    const Array<uint32_t>& order() const { return order_; }
    int64_t largest() const { return largest_; }
    // String ids: then the callers' ids are the names of these numbers.
    const Names& names() const { return names_; }
    Names& names() { return names_; }
    // Returns an id for messages: the number, or the name in quotes.
    std::string describe(int64_t id) const;
    // Returns the numbers of all rows that are not vacant.
    Bitset used_numbers() const;
    // Memory in use. Thread-safe, also during `prepare`.
    size_t bytes() const;

    void reserve(size_t count) { ids_.reserve(count); }
    // Refuses ids in use; errors number them from `number`, and nothing changes. An id of a row
    // below `replaceable` is accepted: `find` returns that row until `replace` is called.
    void append(std::span<const int64_t> ids, size_t number, size_t replaceable = 0);
    // Appends the ids that follow the largest one.
    void append_next(size_t count);
    void truncate(size_t count);
    // Permutes the rows from `first` on.
    void permute(size_t first, const Permutation& order);
    // Moves the last row to the vacant row `to`.
    void move_last(size_t to);
    // Makes a row vacant. Requires `prepare_changes`.
    void erase(size_t row);
    // Transfers the id and insertion number of the row that `find` returns for the id of `row`;
    // that row becomes vacant. Requires `prepare_changes`.
    void replace(size_t row);
    // Builds table and order. After this `erase`, `replace` and `find` do not fail.
    void prepare_changes();
    // Cancels replacements that `append` announced and `replace` did not perform.
    void cancel_replacements() { replaced_.clear(); }
    bool has_replacements() const { return !replaced_.empty(); }
    // Takes stored arrays; an empty order means that ids give the order.
    void restore(Array<int64_t> ids, Array<uint32_t> order, int64_t largest);
    // Copies ids that lie in a mapped file to memory.
    void detach() {
        ids_.detach();
        names_.detach();
    }
    // Refuses the id at position `at`.
    [[noreturn]] void refuse_unknown(const int64_t* ids, size_t at) const;

    // Returns the row of an id, or kNoRow. Requires `prepare` after the last change; then it is
    // thread-safe.
    uint32_t find(int64_t id) const {
        static_assert(kNoRow == uint32_t{0} - 1);  // a free table slot gives kNoRow
        if (has_hashed_) return table_[slot_of(id)] - 1;
        return is_direct(id) ? table_[static_cast<size_t>(id)] - 1 : kNoRow;
    }
    // Builds the table if there is none. Thread-safe.
    void prepare() const;
    // Returns all rows that are not vacant, in insertion order.
    std::vector<uint32_t> in_order() const;
    bool is_empty(size_t row) const { return order_.size() > row && order_[row] == kNoRow; }

private:
    bool insert(size_t row) const;
    bool claim_id(size_t row, size_t replaceable);
    void rebuild_table(size_t count) const;
    void make_order();
    void append_order(size_t first);
    void compact_order();
    bool is_direct(int64_t id) const { return static_cast<uint64_t>(id) < table_.size(); }
    size_t home_of(int64_t id) const;
    size_t slot_of(int64_t id) const;

    Array<int64_t> ids_;
    // Open addressing with linear probing: row + 1, or 0 if free. At most half full; the size is a
    // power of two. Empty until ids are looked up or given by a caller.
    mutable Array<uint32_t> table_;
    // Whether an id exceeds the table and is hashed. Until then every id is its own slot.
    mutable bool has_hashed_ = false;
    mutable std::mutex table_mutex_;
    Array<uint32_t> order_;
    size_t next_order_ = 0;  // 0: unknown
    int64_t largest_ = -1;   // of the ids of all rows and of erased ones
    int64_t largest_erased_ = -1;
    std::vector<bool> replaced_;  // rows whose ids belong to staged rows as well
    Names names_;
};

}  // namespace vecq
