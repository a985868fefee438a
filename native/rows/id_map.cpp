// The lookup table of ids, open addressing with linear probing, and the insertion order.
#include "rows/id_map.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <string>

#include "base/radix_sort.hpp"
#include "base/status.hpp"

namespace vecq {

void IdMap::append(std::span<const int64_t> ids, size_t number, size_t replaceable) {
    const size_t first = size();
    make_order();
    if (replaceable > 0) replaced_.resize(replaceable);
    ids_.resize(first + ids.size());
    std::copy(ids.begin(), ids.end(), ids_.data() + first);
    try {
        append_order(first);
        if (table_.size() < 2 * size()) rebuild_table(first);
        for (size_t i = 0; i < ids.size(); ++i)
            if (!claim_id(first + i, replaceable))
                refuse("ids", "ids has " + describe(ids[i]) + " in row " +
                                  std::to_string(number + i) + ", which is taken already");
    } catch (...) {
        truncate(first);
        throw;
    }
    for (const int64_t id : ids) largest_ = std::max(largest_, id);
}

// Makes `find` return the new row, or marks the present row of its id as replaced. Returns false if
// the id is taken.
bool IdMap::claim_id(size_t row, size_t replaceable) {
    if (insert(row)) return true;
    const uint32_t other = find(ids_[row]);
    if (other >= replaceable || replaced_[other]) return false;
    return replaced_[other] = true;
}

void IdMap::append_next(size_t count) {
    const size_t first = size();
    if (count > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) -
                    static_cast<uint64_t>(largest_))
        refuse("ids", "ids is None, but no ids are left above the largest");
    ids_.resize(first + count);
    for (size_t i = 0; i < count; ++i) ids_[first + i] = ++largest_;
    if (order_.size() > 0) append_order(first);
    if (table_.size() == 0) return;
    if (table_.size() < 2 * size()) return rebuild_table(size());
    for (size_t row = first; row < size(); ++row) insert(row);
}

void IdMap::truncate(size_t count) {
    for (size_t row = count; table_.size() > 0 && row < size(); ++row) {
        const uint32_t other = find(ids_[row]);
        if (other < replaced_.size()) replaced_[other] = false;
    }
    ids_.resize(count);
    table_ = {};
    order_.resize(count == 0 ? 0 : std::min(order_.size(), count));
    largest_ = largest_erased_;
    for (size_t row = 0; row < count; ++row)
        if (!is_empty(row)) largest_ = std::max(largest_, ids_[row]);
}

void IdMap::permute(size_t first, const Permutation& order) {
    constexpr size_t kNowhere = SIZE_MAX;
    std::vector<size_t> slots(table_.size() == 0 ? 0 : order.size());
    for (size_t i = 0; i < slots.size(); ++i) {
        slots[i] = slot_of(ids_[first + i]);
        if (table_[slots[i]] != first + i + 1) slots[i] = kNowhere;
    }
    order.apply(ids_.data() + first);
    if (order_.size() > 0) order.apply(order_.data() + first);
    if (slots.empty()) return;
    order.apply(slots.data());
    for (size_t i = 0; i < slots.size(); ++i)
        if (slots[i] != kNowhere) table_[slots[i]] = static_cast<uint32_t>(first + i + 1);
}

void IdMap::move_last(size_t to) {
    const size_t last = size() - 1;
    if (uint32_t& slot = table_[slot_of(ids_[last])]; slot == last + 1)
        slot = static_cast<uint32_t>(to + 1);
    ids_[to] = ids_[last];
    order_[to] = order_[last];
    ids_.resize(last);
    order_.resize(last);
}

void IdMap::prepare_changes() {
    make_order();
    prepare();
}

void IdMap::erase(size_t row) {
    order_[row] = kNoRow;
    largest_erased_ = std::max(largest_erased_, ids_[row]);
    const size_t mask = table_.size() - 1;
    size_t hole = slot_of(ids_[row]);
    if (table_[hole] != row + 1) return;  // a staged row that replaces another
    // Closes the gap: moves up each later entry of the run, unless it would precede its home slot.
    for (size_t at = hole + 1; table_[at & mask] != 0; ++at) {
        const size_t from_home = at - home_of(ids_[table_[at & mask] - 1]);
        if ((from_home & mask) < ((at - hole) & mask)) continue;
        table_[hole & mask] = table_[at & mask];
        hole = at;
    }
    table_[hole & mask] = 0;
}

void IdMap::replace(size_t row) {
    uint32_t& slot = table_[slot_of(ids_[row])];
    const uint32_t other = slot - 1;
    order_[row] = order_[other];
    order_[other] = kNoRow;
    replaced_[other] = false;
    slot = static_cast<uint32_t>(row + 1);
}

void IdMap::restore(Array<int64_t> ids, Array<uint32_t> order, int64_t largest) {
    ids_ = std::move(ids);
    order_ = std::move(order);
    table_ = {};
    next_order_ = 0;
    largest_ = largest_erased_ = largest;
}

// Stores the order that ids gave until now.
void IdMap::make_order() {
    if (order_.size() == size()) return;
    const std::vector<uint32_t> rows = in_order();
    order_.resize(rows.size());
    for (size_t i = 0; i < rows.size(); ++i) order_[rows[i]] = static_cast<uint32_t>(i);
    next_order_ = rows.size();
}

// Numbers the rows from `first` on as the last ones inserted.
void IdMap::append_order(size_t first) {
    if (next_order_ == 0)
        for (size_t row = 0; row < first; ++row)
            if (!is_empty(row)) next_order_ = std::max(next_order_, order_[row] + size_t{1});
    if (next_order_ + (size() - first) > kNoRow) compact_order();
    order_.resize(size());
    for (size_t row = first; row < size(); ++row)
        order_[row] = static_cast<uint32_t>(next_order_++);
}

// Closes the gaps that removed items left in the numbers, which would overflow otherwise.
void IdMap::compact_order() {
    next_order_ = 0;
    for (const uint32_t row : in_order()) order_[row] = static_cast<uint32_t>(next_order_++);
}

std::vector<uint32_t> IdMap::in_order() const {
    std::vector<uint32_t> rows;
    rows.reserve(size());
    for (uint32_t row = 0; row < size(); ++row)
        if (!is_empty(row)) rows.push_back(row);
    std::vector<uint32_t> scratch;
    if (order_.size() == 0)
        radix_sort(std::span(rows), scratch,
                   [&](uint32_t row) { return static_cast<uint64_t>(ids_[row]); });
    else
        radix_sort(std::span(rows), scratch, [&](uint32_t row) { return order_[row]; });
    return rows;
}

void IdMap::prepare() const {
    const std::lock_guard lock(table_mutex_);
    if (table_.size() == 0) rebuild_table(size());
}

size_t IdMap::bytes() const {
    const std::lock_guard lock(table_mutex_);
    return ids_.bytes() + table_.bytes() + order_.bytes() + names_.memory_bytes();
}

// Makes a table for twice the number of rows and inserts the first `count`.
void IdMap::rebuild_table(size_t count) const {
    Array<uint32_t> larger;
    larger.reserve(std::bit_ceil(2 * size() + 2));
    larger.resize(std::bit_ceil(2 * size() + 2));
    table_ = std::move(larger);
    has_hashed_ = false;
    for (size_t row = 0; row < count; ++row)
        if (!is_empty(row)) insert(row);
}

bool IdMap::insert(size_t row) const {
    uint32_t& slot = table_[slot_of(ids_[row])];
    if (slot != 0) return false;
    slot = static_cast<uint32_t>(row + 1);
    has_hashed_ |= !is_direct(ids_[row]);
    return true;
}

// Ids below the table size are their own slots, because most callers number items from 0. Others
// are hashed by cache line: 16 consecutive ids share a line of slots, and lines are scattered, so
// that probe sequences stay short.
size_t IdMap::home_of(int64_t id) const {
    constexpr uint64_t kLineSlots = kLine / sizeof(uint32_t);
    const int bits = std::countr_zero(table_.size());
    const auto number = static_cast<uint64_t>(id);
    if (is_direct(id)) return number;
    const uint64_t hash = number / kLineSlots * 0x9e3779b97f4a7c15U >> (64 - bits);
    return (hash & ~(kLineSlots - 1)) | number % kLineSlots;
}

// Returns the slot of the id, or the free slot where it belongs.
size_t IdMap::slot_of(int64_t id) const {
    const size_t mask = table_.size() - 1;
    for (size_t at = home_of(id);; ++at) {
        const uint32_t slot = table_[at & mask];
        if (slot == 0 || ids_[slot - 1] == id) return at & mask;
    }
}

std::string IdMap::describe(int64_t id) const {
    constexpr size_t kShown = 80;  // bytes of a name
    if (!names_.is_active()) return std::to_string(id);
    const std::string_view name = names_[id];
    std::string shown("'");
    shown.append(name.substr(0, kShown)).append(name.size() > kShown ? "...'" : "'");
    return shown;
}

Bitset IdMap::used_numbers() const {
    Bitset used;
    used.grow(names_.extent());
    for (size_t row = 0; row < size(); ++row)
        if (!is_empty(row) && static_cast<uint64_t>(ids_[row]) < names_.extent())
            used.set(static_cast<size_t>(ids_[row]));
    return used;
}

void IdMap::refuse_unknown(const int64_t* ids, size_t at) const {
    refuse("ids", "ids has " + describe(ids[at]) + " at " + std::to_string(at) +
                      ", which is not in the index");
}

}  // namespace vecq
