// A copy-on-write snapshot of the lists of layer 0: one thread reads them group by group, while
// others change lists. A writer saves a copy of the group of a list before the first change, unless
// it was read already.
#pragma once

#include <atomic>
#include <cstring>
#include <vector>

#include "base/memory.hpp"
#include "graph/layer.hpp"

namespace vecq {

class ListSnapshot {
public:
    // Lists that are read or saved together.
    static constexpr size_t kGroup = 32;

    // Covers the first `rows` rows.
    ListSnapshot(size_t rows, size_t degree)
        : rows_(rows), states_((rows + kGroup - 1) / kGroup), saved_(rows * degree * kLink) {}

    size_t groups() const { return states_.size(); }

    // Saves the group of a list, unless it was saved or read. Called before each change of the
    // list.
    void save(const Layer& layer, uint32_t row) {
        if (row >= rows_) return;
        const size_t group = row / kGroup;
        if (!claim(group)) return;
        copy(layer, group, saved_group(layer, group));
        states_[group].store(kSaved, std::memory_order_release);
    }

    // Copies a group as it was when the snapshot began. Each group is read once; `to` has room for
    // lists_in(group) lists.
    void read(const Layer& layer, size_t group, uint32_t* to) {
        if (claim(group)) {
            copy(layer, group, to);
            states_[group].store(kRead, std::memory_order_release);
        } else {
            std::memcpy(to, saved_group(layer, group), lists_in(group) * layer.degree * kLink);
        }
    }

    size_t lists_in(size_t group) const { return std::min(kGroup, rows_ - group * kGroup); }

private:
    static constexpr size_t kLink = sizeof(uint32_t);
    enum State : uint8_t { kUntouched, kClaimed, kSaved, kRead };

    // Claims a group for copying. Returns false, after waiting for the copy, if another thread
    // claimed it.
    bool claim(size_t group) {
        std::atomic<uint8_t>& state = states_[group];
        uint8_t found = state.load(std::memory_order_acquire);
        if (found == kUntouched &&
            state.compare_exchange_strong(found, kClaimed, std::memory_order_acquire))
            return true;
        while (state.load(std::memory_order_acquire) == kClaimed) {}
        return false;
    }

    void copy(const Layer& layer, size_t group, uint32_t* to) const {
        std::memcpy(to, layer.list(static_cast<uint32_t>(group * kGroup)),
                    lists_in(group) * layer.degree * kLink);
    }

    uint32_t* saved_group(const Layer& layer, size_t group) const {
        return saved_.as<uint32_t>() + group * kGroup * layer.degree;
    }

    size_t rows_;
    std::vector<std::atomic<uint8_t>> states_;
    Memory saved_;  // the pages of saved groups only, as the system commits pages on first write
};

}  // namespace vecq
