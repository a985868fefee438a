#include "rows/id_map.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>
#include <string>

#include "base/status.hpp"
#include "base/permute.hpp"

namespace vecq {
namespace {

// Digit by digit, the lowest first, in time that grows with their number only: masks need it at
// every call.
template <class NumberOf>
void sort_by_digits(std::vector<uint32_t>& rows, NumberOf&& number_of) {
    constexpr int kBits = 11;
    constexpr uint64_t kMask = (1U << kBits) - 1;
    uint64_t largest = 0;
    for (const uint32_t row : rows) largest = std::max(largest, number_of(row));
    std::vector<uint32_t> sorted(rows.size());
    for (int shift = 0; shift < 64 && largest >> shift != 0; shift += kBits) {
        size_t starts[kMask + 2] = {};
        for (const uint32_t row : rows) ++starts[(number_of(row) >> shift & kMask) + 1];
        std::partial_sum(std::begin(starts), std::end(starts), std::begin(starts));
        for (const uint32_t row : rows) sorted[starts[number_of(row) >> shift & kMask]++] = row;
        rows.swap(sorted);
    }
}

}  // namespace

void IdMap::append(std::span<const int64_t> ids, size_t number, size_t replaceable) {
    const size_t first = size();
    keep_order();
    if (replaceable > 0) replaced_.resize(replaceable);
    ids_.resize(first + ids.size());
    std::copy(ids.begin(), ids.end(), ids_.data() + first);
    try {
        number_from(first);
        if (slots_.size() < 2 * size()) rebuild(first);
        for (size_t i = 0; i < ids.size(); ++i)
            if (!announce(first + i, replaceable))
                refuse("ids", "ids has " + std::to_string(ids[i]) + " in row " +
                                  std::to_string(number + i) + ", which is taken already");
    } catch (...) {
        truncate(first);
        throw;
    }
    for (const int64_t id : ids) largest_ = std::max(largest_, id);
}

// Has a new row found by its id, unless that is yet to be replaced. False: the id is taken.
bool IdMap::announce(size_t row, size_t replaceable) {
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
    if (order_.size() > 0) number_from(first);
    if (slots_.size() == 0) return;
    if (slots_.size() < 2 * size()) return rebuild(size());
    for (size_t row = first; row < size(); ++row) insert(row);
}

void IdMap::truncate(size_t count) {
    for (size_t row = count; slots_.size() > 0 && row < size(); ++row) {
        const uint32_t other = find(ids_[row]);
        if (other < replaced_.size()) replaced_[other] = false;
    }
    ids_.resize(count);
    slots_ = {};
    order_.resize(count == 0 ? 0 : std::min(order_.size(), count));
    largest_ = largest_erased_;
    for (size_t row = 0; row < count; ++row)
        if (!is_empty(row)) largest_ = std::max(largest_, ids_[row]);
}

void IdMap::permute(size_t first, std::span<const uint32_t> order) {
    constexpr size_t kNowhere = SIZE_MAX;
    std::vector<size_t> slots(slots_.size() == 0 ? 0 : order.size());
    for (size_t i = 0; i < slots.size(); ++i) {
        slots[i] = slot_of(ids_[first + i]);
        if (slots_[slots[i]] != first + i + 1) slots[i] = kNowhere;
    }
    permute_in_place(order, ids_.data() + first);
    if (order_.size() > 0) permute_in_place(order, order_.data() + first);
    for (size_t i = 0; i < slots.size(); ++i)
        if (slots[order[i]] != kNowhere)
            slots_[slots[order[i]]] = static_cast<uint32_t>(first + i + 1);
}

void IdMap::move_last(size_t to) {
    const size_t last = size() - 1;
    if (uint32_t& slot = slots_[slot_of(ids_[last])]; slot == last + 1)
        slot = static_cast<uint32_t>(to + 1);
    ids_[to] = ids_[last];
    order_[to] = order_[last];
    ids_.resize(last);
    order_.resize(last);
}

void IdMap::keep() {
    keep_order();
    prepare();
}

void IdMap::erase(size_t row) {
    order_[row] = kNoRow;
    largest_erased_ = std::max(largest_erased_, ids_[row]);
    const size_t mask = slots_.size() - 1;
    size_t hole = slot_of(ids_[row]);
    if (slots_[hole] != row + 1) return;  // it was to replace another one
    // What comes behind moves up, unless that would be before its home.
    for (size_t at = hole + 1; slots_[at & mask] != 0; ++at) {
        const size_t from_home = at - home_of(ids_[slots_[at & mask] - 1]);
        if ((from_home & mask) < ((at - hole) & mask)) continue;
        slots_[hole & mask] = slots_[at & mask];
        hole = at;
    }
    slots_[hole & mask] = 0;
}

void IdMap::replace(size_t row) {
    uint32_t& slot = slots_[slot_of(ids_[row])];
    const uint32_t other = slot - 1;
    order_[row] = order_[other];
    order_[other] = kNoRow;
    replaced_[other] = false;
    slot = static_cast<uint32_t>(row + 1);
}

void IdMap::restore(Array<int64_t> ids, Array<uint32_t> order, int64_t largest) {
    ids_ = std::move(ids);
    order_ = std::move(order);
    slots_ = {};
    next_ = 0;
    largest_ = largest_erased_ = largest;
}

// From now on the order is not that of the ids.
void IdMap::keep_order() {
    if (order_.size() == size()) return;
    const std::vector<uint32_t> rows = in_order();
    order_.resize(rows.size());
    for (size_t i = 0; i < rows.size(); ++i) order_[rows[i]] = static_cast<uint32_t>(i);
    next_ = rows.size();
}

// Rows from `first` on came after all others.
void IdMap::number_from(size_t first) {
    if (next_ == 0)
        for (size_t row = 0; row < first; ++row)
            if (!is_empty(row)) next_ = std::max(next_, order_[row] + size_t{1});
    if (next_ + (size() - first) > kNoRow) renumber();
    order_.resize(size());
    for (size_t row = first; row < size(); ++row) order_[row] = static_cast<uint32_t>(next_++);
}

// Numbers of the order grow with every item that comes, but not for ever.
void IdMap::renumber() {
    next_ = 0;
    for (const uint32_t row : in_order()) order_[row] = static_cast<uint32_t>(next_++);
}

std::vector<uint32_t> IdMap::in_order() const {
    std::vector<uint32_t> rows;
    rows.reserve(size());
    for (uint32_t row = 0; row < size(); ++row)
        if (!is_empty(row)) rows.push_back(row);
    if (order_.size() == 0)
        sort_by_digits(rows, [&](uint32_t row) { return static_cast<uint64_t>(ids_[row]); });
    else
        sort_by_digits(rows, [&](uint32_t row) { return uint64_t{order_[row]}; });
    return rows;
}

void IdMap::prepare() const {
    const std::lock_guard lock(preparing_);
    if (slots_.size() == 0) rebuild(size());
}

size_t IdMap::bytes() const {
    const std::lock_guard lock(preparing_);
    return ids_.bytes() + slots_.bytes() + order_.bytes();
}

// A table for twice the rows there are, holding the first `count`.
void IdMap::rebuild(size_t count) const {
    Array<uint32_t> larger;
    larger.reserve(std::bit_ceil(2 * size() + 2));
    larger.resize(std::bit_ceil(2 * size() + 2));
    slots_ = std::move(larger);
    scattered_ = false;
    for (size_t row = 0; row < count; ++row)
        if (!is_empty(row)) insert(row);
}

bool IdMap::insert(size_t row) const {
    uint32_t& slot = slots_[slot_of(ids_[row])];
    if (slot != 0) return false;
    slot = static_cast<uint32_t>(row + 1);
    scattered_ |= !is_own_place(ids_[row]);
    return true;
}

// Most callers number their items from 0: such an id is its own place. Of others a line of slots is
// for ids in sequence, and lines are scattered, so that whoever comes to one that is full need not
// go far.
size_t IdMap::home_of(int64_t id) const {
    constexpr uint64_t kInLine = 16;
    const int bits = std::countr_zero(slots_.size());
    const auto number = static_cast<uint64_t>(id);
    if (is_own_place(id)) return number;
    const uint64_t scattered = number / kInLine * 0x9e3779b97f4a7c15U >> (64 - bits);
    return (scattered & ~(kInLine - 1)) | number % kInLine;
}

// Where the id is, or where it would go.
size_t IdMap::slot_of(int64_t id) const {
    const size_t mask = slots_.size() - 1;
    for (size_t at = home_of(id);; ++at) {
        const uint32_t slot = slots_[at & mask];
        if (slot == 0 || ids_[slot - 1] == id) return at & mask;
    }
}

void refuse_unknown_id(const int64_t* ids, size_t at) {
    refuse("ids", "ids has " + std::to_string(ids[at]) + " at " + std::to_string(at) +
                      ", which is not in the index");
}

}  // namespace vecq
