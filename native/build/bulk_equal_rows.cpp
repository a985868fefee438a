// Compares rows through a hash table and arranges groups of equal ones as trees.
#include "build/bulk_equal_rows.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace vecq {
namespace {

constexpr size_t kRowsPerStep = 1 << 16;

}  // namespace

BulkEqualRows::BulkEqualRows(const IndexState& state, size_t rows)
    : scored_(state.rows.scored_for_links()),
      affine_room_(state.rows.codes().codec().width(), state.dim),
      rows_(rows),
      compares_codes_only_(state.rows.link().measure().bias == 0),
      table_(std::bit_ceil(2 * rows), kNone),
      places_(rows) {}

uint64_t BulkEqualRows::hash_of(uint32_t row) const {
    const std::byte* codes = scored_.rows.at(row);
    uint64_t hash = 0;
    for (size_t at = 0; at < scored_.rows.row_bytes; at += sizeof hash) {
        const uint64_t word = affine_room_.codes_at(codes, at);
        hash = (std::rotl(hash, 29) ^ word) * 0x9e3779b97f4a7c15U;
    }
    return hash ^ hash >> 32;
}

// Under cosine, constants of equal codes differ by rounding only.
bool BulkEqualRows::are_equal(uint32_t a, uint32_t b) const {
    const Rows& rows = scored_.rows;
    return (compares_codes_only_ || scored_.affine[a].a == scored_.affine[b].a) &&
           affine_room_.has_equal_codes(rows.at(a), rows.at(b), rows.row_bytes);
}

void BulkEqualRows::compare(uint32_t row) {
    const size_t mask = table_.size() - 1;
    size_t at = hash_of(row) & mask;
    while (table_[at] != kNone && !are_equal(table_[at], row)) at = (at + 1) & mask;
    if (table_[at] == kNone) table_[at] = row;
    places_[row] = table_[at];
}

void BulkEqualRows::step() {
    const size_t last = std::min(rows_, next_ + kRowsPerStep);
    for (; next_ < last; ++next_) compare(static_cast<uint32_t>(next_));
    if (is_done()) finish();
}

// Arranges copies by their originals.
void BulkEqualRows::finish() {
    table_ = {};
    const std::vector<uint32_t> first = std::exchange(places_, {});
    std::vector<uint32_t> copies;
    for (uint32_t row = 0; row < rows_; ++row)
        if (first[row] != row) copies.push_back(row);
    if (copies.empty()) return;
    std::stable_sort(copies.begin(), copies.end(),
                     [&](uint32_t a, uint32_t b) { return first[a] < first[b]; });
    places_.assign(rows_, kNone);
    uint32_t begin = kNone;
    const auto append = [&](uint32_t row) {
        places_[row] = static_cast<uint32_t>(members_.size());
        members_.push_back(row);
        begins_.push_back(begin);
    };
    for (const uint32_t row : copies) {
        if (begin == kNone || members_[begin] != first[row]) {
            begin = static_cast<uint32_t>(members_.size());
            append(first[row]);
        }
        append(row);
    }
}

std::vector<uint32_t> BulkEqualRows::originals(size_t rows) const {
    std::vector<uint32_t> originals;
    originals.reserve(rows);
    for (uint32_t row = 0; row < rows; ++row)
        if (!is_copy(row)) originals.push_back(row);
    return originals;
}

size_t BulkEqualRows::tree_links(uint32_t row, size_t rows, size_t children,
                                 uint32_t* links) const {
    if (!has_group(row)) return 0;
    const size_t begin = begin_of(row), number = places_[row] - begin;
    size_t count = 0;
    if (number > 0) links[count++] = members_[begin + (number - 1) / children];
    for (size_t i = 1; i <= children; ++i) {
        const size_t child = begin + number * children + i;
        if (child >= members_.size() || begins_[child] != begin || members_[child] >= rows) break;
        links[count++] = members_[child];
    }
    return count;
}

}  // namespace vecq
