#include "index/ids.hpp"

#include <bit>
#include <limits>
#include <string>

#include "base/status.hpp"
#include "index/permute.hpp"

namespace vecq {

void Ids::append(std::span<const int64_t> ids, size_t number) {
    const size_t first = size();
    ids_.resize(first + ids.size());
    std::copy(ids.begin(), ids.end(), ids_.data() + first);
    try {
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
    if (slots_.size() == 0) return;
    if (slots_.size() < 2 * size()) return rebuild(size());
    for (size_t row = first; row < size(); ++row) insert(row);
}

void Ids::truncate(size_t count) {
    ids_.resize(count);
    slots_ = {};
    largest_ = -1;
    for (size_t row = 0; row < count; ++row) largest_ = std::max(largest_, ids_[row]);
}

void Ids::permute(size_t first, std::span<const uint32_t> order) {
    std::vector<size_t> slots(slots_.size() == 0 ? 0 : order.size());
    for (size_t i = 0; i < slots.size(); ++i) slots[i] = slot_of(ids_[first + i]);
    permute_in_place(order, ids_.data() + first);
    for (size_t i = 0; i < slots.size(); ++i)
        slots_[slots[order[i]]] = static_cast<uint32_t>(first + i + 1);
}

// A table for twice the rows there are, holding the first `count`.
void Ids::rebuild(size_t count) {
    Array<uint32_t> larger;
    larger.reserve(std::bit_ceil(2 * size() + 1));
    larger.resize(std::bit_ceil(2 * size() + 1));
    slots_ = std::move(larger);
    for (size_t row = 0; row < count; ++row) insert(row);
}

bool Ids::insert(size_t row) {
    uint32_t& slot = slots_[slot_of(ids_[row])];
    if (slot != 0) return false;
    slot = static_cast<uint32_t>(row + 1);
    return true;
}

// Where the id is, or where it would go.
size_t Ids::slot_of(int64_t id) const {
    const size_t mask = slots_.size() - 1;
    // The upper bits of the product depend on all bits of the id.
    size_t at =
        static_cast<uint64_t>(id) * 0x9e3779b97f4a7c15U >> (64 - std::countr_zero(slots_.size()));
    for (;; ++at) {
        const uint32_t slot = slots_[at & mask];
        if (slot == 0 || ids_[slot - 1] == id) return at & mask;
    }
}

}  // namespace vecq
