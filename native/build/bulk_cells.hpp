// Finds the nearest of many leaders of each row in two stages.
//
// The first leaders are coarse, and the caller finds the nearest of these for each row. Each leader
// is in the cells of its few nearest coarse leaders, and a row is compared with the leaders in the
// cell of its coarse leader only. So some rows miss their nearest leader and get another near one.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "build/bulk_columns.hpp"

namespace vecq {

class BulkCells {
public:
    // Two stages gather each row twice: with fewer leaders one stage is as fast. Leaders are
    // numbered by 16 bits.
    static constexpr size_t kLeastLeaders = 256, kMostLeaders = UINT16_MAX;

    // Returns how many of the leaders are coarse.
    static size_t coarse_count(size_t leaders);

    // `assigned` holds the coarse leader of each row. `columns` are loaded with the coarse leaders,
    // the first ones of `leaders`.
    BulkCells(std::vector<uint32_t> leaders, std::span<const uint16_t> assigned,
              BulkColumns& columns);

    // Rows of a cell, few enough for a task.
    struct Part {
        size_t cell;
        std::span<const uint32_t> places;  // of rows in `assigned`
    };
    std::span<const Part> parts() const { return parts_; }
    // Replaces the coarse leaders of the rows of a part by their nearest leaders. Thread-safe for
    // different parts and columns.
    void assign(const Part& part, std::span<const uint32_t> rows, BulkColumns& columns,
                std::span<uint16_t> assigned) const;

private:
    std::vector<uint32_t> leaders_;
    std::vector<std::vector<uint16_t>> leaders_of_cell_;
    std::vector<uint32_t> places_;  // of the rows, cell after cell
    std::vector<Part> parts_;
};

}  // namespace vecq
