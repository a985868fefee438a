// A small set of rows in ascending order, which may lie in a mapped file.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>

#include "base/array.hpp"

namespace vecq {

class SortedRows {
public:
    size_t size() const { return rows_.size(); }
    uint32_t operator[](size_t i) const { return rows_[i]; }
    std::span<const uint32_t> all() const { return {rows_.data(), rows_.size()}; }
    bool contains(uint32_t row) const {
        return std::binary_search(all().begin(), all().end(), row);
    }

    // Reserves memory, so that this many inserts do not fail.
    void reserve_more(size_t rows) { rows_.reserve(rows_.size() + rows); }
    void insert(uint32_t row) {
        const size_t size = rows_.size();
        rows_.resize(size + 1);
        uint32_t* end = rows_.data() + size;
        uint32_t* place = std::upper_bound(rows_.data(), end, row);
        std::copy_backward(place, end, end + 1);
        *place = row;
    }
    // The row must be there. Does not fail.
    void erase(uint32_t row) {
        uint32_t* end = rows_.data() + rows_.size();
        uint32_t* place = std::lower_bound(rows_.data(), end, row);
        std::copy(place + 1, end, place);
        rows_.resize(rows_.size() - 1);
    }
    void clear() { rows_.resize(0); }
    void restore(Array<uint32_t> rows) { rows_ = std::move(rows); }

private:
    Array<uint32_t> rows_;
};

}  // namespace vecq
