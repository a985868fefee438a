// Rows grouped by their nearest centroid, so that a scan may read only the cells of the centroids
// that are nearest to a query.
//
// Cells describe the rows of one moment. A row that was added since, or whose slot holds another
// item since, is in no cell: scans score all such rows. Rows of removed items stay in their cells,
// and scans skip them as they skip all vacant rows. Searches read cells with IndexLocks::searches
// held; changes hold it to write.
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "base/array.hpp"
#include "base/bitset.hpp"
#include "rows/code_store.hpp"
#include "rows/row_list.hpp"

namespace vecq {

// The number of a code store of centroids, see CodeStore.
inline constexpr size_t kCentroids = 2;

class Cells {
public:
    // `rows` holds the rows below `extent`, cell by cell; cell i ends at ends[i]. `changed` rows
    // are in no cell. The arrays may lie in a mapped file: `validate` comes before any use.
    Cells(CodeStore centroids, size_t extent, Array<uint32_t> rows, Array<uint32_t> ends,
          std::span<const uint32_t> changed);

    size_t count() const { return ends_.size(); }
    size_t begin_of(size_t cell) const { return cell == 0 ? 0 : ends_[cell - 1]; }
    size_t end_of(size_t cell) const { return ends_[cell]; }
    // The rows of all cells. Changed ones are among them.
    RowList list() const { return {{rows_.data(), rows_.size()}, 0, rows_.size()}; }
    const CodeStore& centroids() const { return centroids_; }
    // Rows from here on are in no cell.
    size_t extent() const { return extent_; }
    const std::vector<uint32_t>& changed() const { return changed_; }
    const Array<uint32_t>& rows() const { return rows_; }
    const Array<uint32_t>& ends() const { return ends_; }
    size_t bytes() const;

    // Notes that the slot of a row holds another item. Changes nothing if it throws.
    void note_change(uint32_t row);
    // Copies arrays that lie in a mapped file to memory.
    void detach();
    // Throws unless each row is in one cell and cells are in order. The first call takes O(rows).
    // Thread-safe.
    void validate() const;

private:
    CodeStore centroids_;
    size_t extent_;
    Array<uint32_t> rows_, ends_;
    std::vector<uint32_t> changed_;
    Bitset is_changed_;
    mutable std::mutex mutex_;  // guards is_valid_
    mutable bool is_valid_ = false;
};

}  // namespace vecq
