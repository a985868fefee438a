#include "index/ids.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>
#include <string>

#include "base/status.hpp"
#include "index/permute.hpp"

namespace vecq {

void Ids::append(std::span<const int64_t> ids, size_t number) {
    const size_t first = size();
    keep_order();
    ids_.resize(first + ids.size());
    std::copy(ids.begin(), ids.end(), ids_.data() + first);
    try {
        number_from(first);
        if (slots_.size() < 2 * size()) rebuild(first);
        for (size_t i = 0; i < ids.size(); ++i)
            if (!insert(first + i))
                refuse("ids", "ids has " + std::to_string(ids[i]) + " in row " +
                                  std::to_string(number + i) + ", which is taken already");
    } catch (...) {
        truncate(first);
        throw;
    }
    for (const int64_t id : ids) largest_ = std::max(largest_, id);
}

void Ids::append_next(size_t count) {
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

void Ids::truncate(size_t count) {
    ids_.resize(count);
    slots_ = {};
    order_.resize(count == 0 ? 0 : std::min(order_.size(), count));
    largest_ = -1;
    for (size_t row = 0; row < count; ++row) largest_ = std::max(largest_, ids_[row]);
}

void Ids::permute(size_t first, std::span<const uint32_t> order) {
    std::vector<size_t> slots(slots_.size() == 0 ? 0 : order.size());
    for (size_t i = 0; i < slots.size(); ++i) slots[i] = slot_of(ids_[first + i]);
    permute_in_place(order, ids_.data() + first);
    if (order_.size() > 0) permute_in_place(order, order_.data() + first);
    for (size_t i = 0; i < slots.size(); ++i)
        slots_[slots[order[i]]] = static_cast<uint32_t>(first + i + 1);
}

void Ids::restore(Array<int64_t> ids, Array<uint32_t> order, int64_t largest) {
    ids_ = std::move(ids);
    order_ = std::move(order);
    slots_ = {};
    largest_ = largest;
}

// From now on the order is not that of the ids.
void Ids::keep_order() {
    if (order_.size() == size()) return;
    const std::vector<uint32_t> rows = in_order();
    order_.resize(rows.size());
    for (size_t i = 0; i < rows.size(); ++i) order_[rows[i]] = static_cast<uint32_t>(i);
}

// Rows from `first` on came after all others.
void Ids::number_from(size_t first) {
    uint32_t next = 0;
    for (size_t row = 0; row < first; ++row) next = std::max(next, order_[row] + 1);
    order_.resize(size());
    for (size_t row = first; row < size(); ++row) order_[row] = next++;
}

std::vector<uint32_t> Ids::in_order() const {
    std::vector<uint32_t> rows(size());
    std::iota(rows.begin(), rows.end(), 0);
    std::sort(rows.begin(), rows.end(), [&](uint32_t a, uint32_t b) {
        return order_.size() == 0 ? ids_[a] < ids_[b] : order_[a] < order_[b];
    });
    return rows;
}

uint32_t Ids::find(int64_t id) const {
    const uint32_t slot = slots_[slot_of(id)];
    return slot == 0 ? kNoRow : slot - 1;
}

void Ids::prepare() const {
    const std::lock_guard lock(preparing_);
    if (slots_.size() == 0) rebuild(size());
}

// A table for twice the rows there are, holding the first `count`.
void Ids::rebuild(size_t count) const {
    Array<uint32_t> larger;
    larger.reserve(std::bit_ceil(2 * size() + 2));
    larger.resize(std::bit_ceil(2 * size() + 2));
    slots_ = std::move(larger);
    for (size_t row = 0; row < count; ++row) insert(row);
}

bool Ids::insert(size_t row) const {
    uint32_t& slot = slots_[slot_of(ids_[row])];
    if (slot != 0) return false;
    slot = static_cast<uint32_t>(row + 1);
    return true;
}

// Where the id is, or where it would go. Ids in sequence go to slots in sequence, which is how they are
// mostly asked for; what is above the bits that number the slots is scattered over them.
size_t Ids::slot_of(int64_t id) const {
    const size_t mask = slots_.size() - 1;
    const int bits = std::countr_zero(slots_.size());
    const auto number = static_cast<uint64_t>(id);
    size_t at = number + ((number >> bits) * 0x9e3779b97f4a7c15U >> (64 - bits));
    for (;; ++at) {
        const uint32_t slot = slots_[at & mask];
        if (slot == 0 || ids_[slot - 1] == id) return at & mask;
    }
}

}  // namespace vecq
