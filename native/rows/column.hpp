// One per-row array of a RowTable: elements of a fixed size, stored in one file section.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "base/array.hpp"
#include "base/permute.hpp"
#include "rows/section_kinds.hpp"

namespace vecq {

class Column {
public:
    explicit Column(const ColumnSpec& spec) : spec_(spec) {}

    const ColumnSpec& spec() const { return spec_; }
    SectionId section() const { return spec_.section; }
    size_t element_bytes() const { return spec_.element_bytes; }
    size_t rows() const { return bytes_.size() / element_bytes(); }
    template <class T = std::byte>
    T* data() const {
        return reinterpret_cast<T*>(bytes_.data());
    }
    std::byte* at(size_t row) const { return bytes_.data() + row * element_bytes(); }

    void reserve(size_t rows) { bytes_.reserve(rows * element_bytes()); }
    // New elements are zero. Does not fail within reserved capacity.
    void resize(size_t rows) { bytes_.resize(rows * element_bytes()); }

    // Moves the last element to row `to`.
    void move_last(size_t to) {
        const size_t last = rows() - 1;
        std::memcpy(at(to), at(last), element_bytes());
        resize(last);
    }

    void append_from(const Column& other, size_t row) {
        const size_t last = rows();
        resize(last + 1);
        std::memcpy(at(last), other.at(row), element_bytes());
    }

    // Permutes the rows from `first` on.
    void permute(size_t first, const Permutation& order) {
        order.apply(at(first), element_bytes());
    }

    void swap_elements(Column& other) noexcept { std::swap(bytes_, other.bytes_); }
    // Takes stored elements, which may lie in a mapped file.
    void restore(Array<std::byte> bytes) { bytes_ = std::move(bytes); }
    // Copies elements that lie in a mapped file to memory.
    void detach() { bytes_.detach(); }

private:
    ColumnSpec spec_;
    Array<std::byte> bytes_;
};

}  // namespace vecq
