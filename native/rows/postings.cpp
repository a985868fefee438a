// Builds postings in two passes over the rows: count, then place.
#include "rows/postings.hpp"

#include <algorithm>
#include <string>

#include "storage/file_errors.hpp"

namespace vecq {
namespace {

// A code of at least this share of all rows gets a bitmap, which then takes less than twice the
// memory of its list and is read many times faster.
constexpr size_t kFrequentShare = 64;
constexpr size_t kFewRows = 64;

}  // namespace

void TextCodes::refuse(size_t row) const {
    throw_corrupt("an attribute has code " + std::to_string(elements[row]) + " at row " +
                  std::to_string(row) + ", expected at most " +
                  std::to_string(sets == nullptr ? texts : sets->size()));
}

Postings::Postings(const TextCodes& coded)
    : rows_(coded.elements.size()),
      bitmap_of_(coded.texts + 1, kNoBitmap),
      starts_(coded.texts + 2) {
    for (size_t row = 0; row < rows_; ++row)
        coded.each_code(row, [this](size_t code) { ++starts_[code + 1]; });
    const size_t frequent = std::max(rows_ / kFrequentShare, kFewRows);
    for (size_t code = 0; code <= coded.texts; ++code) {
        uint64_t& count = starts_[code + 1];
        if (count >= frequent) {
            bitmap_of_[code] = static_cast<uint32_t>(bitmaps_.size());
            bitmaps_.emplace_back().grow(rows_);
        }
        count += starts_[code];
    }
    lists_.resize(starts_.back());
    std::vector<uint64_t> next(starts_.begin(), starts_.end() - 1);
    for (size_t row = 0; row < rows_; ++row)
        coded.each_code(row, [&](size_t code) {
            lists_[next[code]++] = static_cast<uint32_t>(row);
            if (bitmap_of_[code] != kNoBitmap) bitmaps_[bitmap_of_[code]].set(row);
        });
}

size_t Postings::bytes() const {
    return bitmaps_.size() * words_for(rows_) * sizeof(uint64_t) +
           lists_.size() * sizeof(uint32_t) +
           starts_.size() * (sizeof(uint64_t) + sizeof(uint32_t));
}

}  // namespace vecq
