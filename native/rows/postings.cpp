// Builds postings in two passes over the rows: count, then place.
#include "rows/postings.hpp"

#include <algorithm>
#include <string>

#include "storage/file_errors.hpp"

namespace vecq {
namespace {

// A code of at least this share of all rows gets a bitmap, which then takes less than twice the
// memory of a list and is read many times faster.
constexpr size_t kFrequentShare = 64;
constexpr size_t kFewRows = 64;

[[noreturn]] void refuse_code(size_t row, uint32_t code, size_t codes) {
    throw_corrupt("an attribute has code " + std::to_string(code) + " at row " +
                  std::to_string(row) + ", expected at most " + std::to_string(codes));
}

}  // namespace

// Calls visit(code, row) for each code of each row.
template <class Visit>
void Postings::each(std::span<const uint32_t> codes, size_t values, const TagSets* sets,
                    Visit&& visit) const {
    const size_t most = sets == nullptr ? values : sets->size();
    for (size_t row = 0; row < codes.size(); ++row) {
        const uint32_t code = codes[row];
        if (code > most) refuse_code(row, code, most);
        if (sets == nullptr || code == 0) {
            visit(code, static_cast<uint32_t>(row));
        } else {
            for (const uint32_t tag : (*sets)[code - 1]) visit(tag + 1, static_cast<uint32_t>(row));
        }
    }
}

Postings::Postings(std::span<const uint32_t> codes, size_t values, const TagSets* sets)
    : rows_(codes.size()), bitmap_of_(values + 1, kListed), starts_(values + 2) {
    each(codes, values, sets, [this](size_t code, uint32_t) { ++starts_[code + 1]; });
    const size_t frequent = std::max(rows_ / kFrequentShare, kFewRows);
    for (size_t code = 0; code <= values; ++code) {
        uint64_t& count = starts_[code + 1];
        if (count >= frequent) {
            bitmap_of_[code] = static_cast<uint32_t>(bitmaps_.size());
            bitmaps_.emplace_back().grow(rows_);
            count = 0;
        }
        count += starts_[code];
    }
    lists_.resize(starts_.back());
    std::vector<uint64_t> next(starts_.begin(), starts_.end() - 1);
    each(codes, values, sets, [&](size_t code, uint32_t row) {
        if (bitmap_of_[code] == kListed)
            lists_[next[code]++] = row;
        else
            bitmaps_[bitmap_of_[code]].set(row);
    });
}

size_t Postings::bytes() const {
    return bitmaps_.size() * words_for(rows_) * sizeof(uint64_t) +
           lists_.size() * sizeof(uint32_t) +
           starts_.size() * (sizeof(uint64_t) + sizeof(uint32_t));
}

}  // namespace vecq
