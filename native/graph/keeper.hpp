// Keeps the lists of layer 0 as they were at one time, while somebody reads them one after the other and
// others change them: whoever is about to change a list that was not read yet puts its group aside first.
#pragma once

#include <atomic>
#include <cstring>
#include <vector>

#include "base/memory.hpp"
#include "graph/layer.hpp"

namespace vecq {

class Keeper {
public:
    // So many lists are read, or put aside, together.
    static constexpr size_t kGroup = 32;

    // Of the first `rows` rows.
    Keeper(size_t rows, size_t degree)
        : rows_(rows), states_((rows + kGroup - 1) / kGroup), aside_(rows * degree * kLink) {}

    size_t groups() const { return states_.size(); }

    // Before a list changes.
    void keep(const Layer& layer, uint32_t row) {
        if (row >= rows_) return;
        const size_t group = row / kGroup;
        if (!claim(group)) return;
        copy(layer, group, place_of(layer, group));
        states_[group].store(kAside, std::memory_order_release);
    }

    // Each group once; `to` has room for all its lists.
    void read(const Layer& layer, size_t group, uint32_t* to) {
        if (claim(group)) {
            copy(layer, group, to);
            states_[group].store(kRead, std::memory_order_release);
        } else {
            std::memcpy(to, place_of(layer, group), lists_in(group) * layer.degree * kLink);
        }
    }

    size_t lists_in(size_t group) const { return std::min(kGroup, rows_ - group * kGroup); }

private:
    static constexpr size_t kLink = sizeof(uint32_t);
    enum State : uint8_t { kOpen, kClaimed, kAside, kRead };

    // False: somebody did before, and is done.
    bool claim(size_t group) {
        std::atomic<uint8_t>& state = states_[group];
        uint8_t found = state.load(std::memory_order_acquire);
        if (found == kOpen &&
            state.compare_exchange_strong(found, kClaimed, std::memory_order_acquire))
            return true;
        while (state.load(std::memory_order_acquire) == kClaimed) {}
        return false;
    }

    void copy(const Layer& layer, size_t group, uint32_t* to) const {
        std::memcpy(to, layer.list(static_cast<uint32_t>(group * kGroup)),
                    lists_in(group) * layer.degree * kLink);
    }

    uint32_t* place_of(const Layer& layer, size_t group) const {
        return aside_.as<uint32_t>() + group * kGroup * layer.degree;
    }

    size_t rows_;
    std::vector<std::atomic<uint8_t>> states_;
    Memory aside_;  // takes up no more than is put there
};

}  // namespace vecq
