// One per-row array of a RowTable: elements of a fixed size, and the file section that stores them.
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
    Column(SectionId section, size_t element_bytes)
        : section_(section), element_bytes_(element_bytes) {}

    SectionId section() const { return section_; }
    size_t element_bytes() const { return element_bytes_; }
    size_t rows() const { return bytes_.size() / element_bytes_; }
    template <class T = std::byte>
    T* data() const {
        return reinterpret_cast<T*>(bytes_.data());
    }
    std::byte* at(size_t row) const { return bytes_.data() + row * element_bytes_; }

    void reserve(size_t rows) { bytes_.reserve(rows * element_bytes_); }
    // New elements are zero. Does not fail within reserved capacity.
    void resize(size_t rows) { bytes_.resize(rows * element_bytes_); }

    // Removes the last row and puts its element at row `to`.
    void move_last(size_t to) {
        const size_t last = rows() - 1;
        std::memcpy(at(to), at(last), element_bytes_);
        resize(last);
    }

    void append_from(const Column& other, size_t row) {
        const size_t last = rows();
        resize(last + 1);
        std::memcpy(at(last), other.at(row), element_bytes_);
    }

    // Row first + i becomes the former row first + order[i].
    void permute(size_t first, std::span<const uint32_t> order) {
        std::byte* base = at(first);
        std::vector<std::byte> saved(element_bytes_);
        const auto copy = [this](std::byte* to, const std::byte* from) {
            std::memcpy(to, from, element_bytes_);
        };
        permute_in_place(
            order, [&](size_t i) { copy(saved.data(), base + i * element_bytes_); },
            [&](size_t to, size_t from) {
                copy(base + to * element_bytes_, base + from * element_bytes_);
            },
            [&](size_t to) { copy(base + to * element_bytes_, saved.data()); });
    }

    void swap_elements(Column& other) noexcept { std::swap(bytes_, other.bytes_); }
    // Uses elements that were stored elsewhere, such as in a mapped file, in place.
    void restore(Array<std::byte> bytes) { bytes_ = std::move(bytes); }
    // Copies restored elements to memory of the column's own.
    void detach() { bytes_.detach(); }

private:
    SectionId section_;
    size_t element_bytes_;
    Array<std::byte> bytes_;
};

}  // namespace vecq
