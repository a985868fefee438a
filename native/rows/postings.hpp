// For each text of an attribute the rows that have it: a bitmap where they are many, otherwise a
// list. A predicate reads one bitmap or a few short lists instead of the codes of all rows.
//
// Postings describe one version of the attributes. They are not updated: their user tests
// the rows that changed since one by one, and rebuilds the postings when these are many.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bitset.hpp"
#include "rows/tag_sets.hpp"

namespace vecq {

class Postings {
public:
    // `codes` holds the stored elements of an attribute, one per row: categories, or with `sets`
    // tags. Codes of values run from 1 to `values`; 0 is null. Throws if a code is out of range.
    Postings(std::span<const uint32_t> codes, size_t values, const TagSets* sets);

    size_t rows() const { return rows_; }
    // The rows of a code: one bit per row, or null if a list holds them. A code of a text that is
    // newer than the postings has no rows.
    const uint64_t* bitmap(size_t code) const {
        return code >= bitmap_of_.size() || bitmap_of_[code] == kListed
                   ? nullptr
                   : bitmaps_[bitmap_of_[code]].words();
    }
    // Ascending; empty if a bitmap holds them.
    std::span<const uint32_t> list(size_t code) const {
        if (code >= bitmap_of_.size()) return {};
        return std::span(lists_).subspan(starts_[code], starts_[code + 1] - starts_[code]);
    }
    size_t bytes() const;

private:
    static constexpr uint32_t kListed = UINT32_MAX;

    template <class Visit>
    void each(std::span<const uint32_t> codes, size_t values, const TagSets* sets,
              Visit&& visit) const;

    size_t rows_;
    std::vector<uint32_t> bitmap_of_;  // per code
    std::vector<Bitset> bitmaps_;
    std::vector<uint64_t> starts_;  // per code, in lists_
    std::vector<uint32_t> lists_;
};

}  // namespace vecq
