// Sorts rows and leaders into cells, and compares those of each cell.
#include "build/bulk_cells.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace vecq {
namespace {

constexpr size_t kCellsPerLeader = 4;
constexpr size_t kRowsPerPart = 8192;

}  // namespace

// Balances both stages. Block products take whole blocks of columns.
size_t BulkCells::coarse_count(size_t leaders) {
    const auto balanced = static_cast<size_t>(2 * std::sqrt(static_cast<double>(leaders)));
    const size_t blocks = (balanced + kBlockQueries - 1) / kBlockQueries;
    return std::min(blocks * kBlockQueries, leaders);
}

BulkCells::BulkCells(std::vector<uint32_t> leaders, std::span<const uint16_t> assigned,
                     BulkColumns& columns)
    : leaders_(std::move(leaders)), leaders_of_cell_(columns.size()), places_(assigned.size()) {
    const size_t cells = columns.size();
    columns.each_nearest(leaders_, std::min(kCellsPerLeader, cells),
                         [&](size_t i, const BulkColumns::Nearest& nearest) {
                             for (const uint16_t cell : nearest.columns)
                                 if (leaders_of_cell_[cell].size() < kMaxColumns)
                                     leaders_of_cell_[cell].push_back(static_cast<uint16_t>(i));
                         });
    std::vector<uint32_t> ends(cells + 1);
    for (const uint16_t cell : assigned) ++ends[cell + 1];
    for (size_t cell = 0; cell < cells; ++cell) ends[cell + 1] += ends[cell];
    for (size_t cell = 0; cell < cells; ++cell)
        for (size_t first = ends[cell]; first < ends[cell + 1]; first += kRowsPerPart) {
            const size_t count = std::min<size_t>(kRowsPerPart, ends[cell + 1] - first);
            parts_.push_back({cell, std::span<const uint32_t>(places_).subspan(first, count)});
        }
    for (uint32_t place = 0; place < assigned.size(); ++place)
        places_[ends[assigned[place]]++] = place;
}

void BulkCells::assign(const Part& part, std::span<const uint32_t> rows, BulkColumns& columns,
                       std::span<uint16_t> assigned) const {
    const std::vector<uint16_t>& own = leaders_of_cell_[part.cell];
    std::vector<uint32_t> compared(own.size()), members(part.places.size());
    std::ranges::transform(own, compared.begin(),
                           [&](uint16_t leader) { return leaders_[leader]; });
    std::ranges::transform(part.places, members.begin(), [&](uint32_t at) { return rows[at]; });
    columns.load(compared);
    columns.each_nearest(members, 1, [&](size_t i, const BulkColumns::Nearest& nearest) {
        for (const uint16_t column : nearest.columns) assigned[part.places[i]] = own[column];
    });
}

}  // namespace vecq
