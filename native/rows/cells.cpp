#include "rows/cells.hpp"

#include <string>
#include <utility>

#include "base/status.hpp"
#include "storage/file_errors.hpp"

namespace vecq {

Cells::Cells(CodeStore centroids, size_t extent, Array<uint32_t> rows, Array<uint32_t> ends,
             std::span<const uint32_t> changed)
    : centroids_(std::move(centroids)),
      extent_(extent),
      rows_(std::move(rows)),
      ends_(std::move(ends)) {
    for (const uint32_t row : changed) note_change(row);
}

size_t Cells::bytes() const {
    size_t sum = rows_.bytes() + ends_.bytes();
    CodeStore::each_column(
        centroids_, [&](const Column& column) { sum += column.rows() * column.element_bytes(); });
    return sum;
}

void Cells::note_change(uint32_t row) {
    if (row >= extent_) return;
    is_changed_.grow(extent_);
    if (is_changed_.test(row)) return;
    changed_.push_back(row);
    is_changed_.set(row);
}

void Cells::detach() {
    rows_.detach();
    ends_.detach();
    CodeStore::each_column(centroids_, [](Column& column) { column.detach(); });
}

void Cells::validate() const {
    const std::lock_guard lock(mutex_);
    if (is_valid_) return;
    size_t begin = 0;
    for (size_t cell = 0; cell < count(); begin = ends_[cell++])
        if (ends_[cell] < begin || ends_[cell] > rows_.size())
            throw_corrupt("cell " + std::to_string(cell) + " does not end behind its beginning");
    if (begin != rows_.size()) throw_corrupt("the last cell does not end behind the last row");
    Bitset seen;
    seen.grow(extent_);
    for (size_t i = 0; i < rows_.size(); ++i) {
        if (rows_[i] >= extent_ || seen.test(rows_[i]))
            throw_corrupt("row " + std::to_string(rows_[i]) +
                          " of the cells is out of range or in two cells");
        seen.set(rows_[i]);
    }
    is_valid_ = true;
}

}  // namespace vecq
