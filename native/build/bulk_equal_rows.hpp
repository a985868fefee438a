// Finds rows with equal codes and constants. The first one is linked as if it were alone; the
// others are its copies: a tree of links joins them to it.
//
// Equal rows are at distance 0 from each other, so they would crowd all others out of their lists,
// and no list could lead out of a group of them.
#pragma once

#include <vector>

#include "rows/index_state.hpp"

namespace vecq {

class BulkEqualRows {
public:
    // Compares the first `rows` rows of the table.
    BulkEqualRows(const IndexState& state, size_t rows);

    // Compares a part of the rows with all before them.
    void step();
    bool is_done() const { return next_ == rows_; }
    size_t done() const { return next_; }

    bool has_copies() const { return !members_.empty(); }
    bool is_copy(uint32_t row) const { return has_group(row) && places_[row] != begin_of(row); }
    // Returns the first row of the group of a row: itself, unless it is a copy.
    uint32_t original_of(uint32_t row) const {
        return has_group(row) ? members_[begin_of(row)] : row;
    }
    // Returns those of the first `rows` rows that are no copies, ascending.
    std::vector<uint32_t> originals(size_t rows) const;
    // Writes the links of a row in the tree of its group, restricted to the first `rows` rows, and
    // returns their number: at most `children`, and for a copy its parent before them.
    size_t tree_links(uint32_t row, size_t rows, size_t children, uint32_t* links) const;

private:
    bool has_group(uint32_t row) const { return has_copies() && places_[row] != kNone; }
    uint32_t begin_of(uint32_t row) const { return begins_[places_[row]]; }
    uint64_t hash_of(uint32_t row) const;
    bool are_equal(uint32_t a, uint32_t b) const;
    void compare(uint32_t row);
    void finish();

    const ScoredRows scored_;
    const RowAffine affine_room_;
    const size_t rows_;
    const bool compares_codes_only_;
    size_t next_ = 0;
    std::vector<uint32_t> table_;  // open addressing by hashes of codes, while rows are compared
    // Row by row: the first row equal to it while rows are compared, then its place in members_,
    // or kNone. Empty if there are no copies.
    std::vector<uint32_t> places_;
    std::vector<uint32_t> members_;  // rows, group after group, ascending in each
    std::vector<uint32_t> begins_;   // per member: the place where its group begins
};

}  // namespace vecq
