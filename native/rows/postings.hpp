// For each text of an attribute the rows that have it: a list, and a bitmap where they are many. A
// predicate reads one bitmap or a few short lists instead of the codes of all rows, and scans read
// the lists, which lie in the order of codes.
//
// Postings describe one version of the attributes. They are not updated: their user tests
// the rows that changed since one by one, and rebuilds the postings when these are many.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bitset.hpp"
#include "rows/text_codes.hpp"

namespace vecq {

class Postings {
public:
    // Throws if an element is out of range.
    explicit Postings(const TextCodes& coded);

    size_t rows() const { return rows_; }
    // Number of codes, null included.
    size_t codes() const { return bitmap_of_.size(); }
    // The rows of a code: one bit per row, or null if they are few. A code of a text that is newer
    // than the postings has no rows.
    const uint64_t* bitmap(size_t code) const {
        return code >= codes() || bitmap_of_[code] == kNoBitmap
                   ? nullptr
                   : bitmaps_[bitmap_of_[code]].words();
    }
    // The rows of all codes, in the order of codes; those of a code ascend.
    std::span<const uint32_t> in_order() const { return lists_; }
    // The places of codes [first, last) in that order.
    PlaceRun run(size_t first, size_t last) const {
        return {starts_[std::min(first, codes())], starts_[std::min(last, codes())]};
    }
    std::span<const uint32_t> list(size_t code) const {
        const PlaceRun own = run(code, code + 1);
        return std::span(lists_).subspan(own.begin, own.end - own.begin);
    }
    size_t bytes() const;

private:
    static constexpr uint32_t kNoBitmap = UINT32_MAX;

    size_t rows_;
    std::vector<uint32_t> bitmap_of_;  // per code
    std::vector<Bitset> bitmaps_;
    std::vector<uint64_t> starts_;  // per code, in lists_
    std::vector<uint32_t> lists_;
};

}  // namespace vecq
