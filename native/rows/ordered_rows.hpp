// The rows of a numeric attribute in the order of their values: a range of values is a run of them.
//
// Like postings, an order describes one version of the attributes: its user tests the rows that
// changed since. It takes 12.25 bytes per row: 4 for the order; 1/4 for the values, of which only
// every kStep-th is kept, so up to kStep - 1 rows at each end of a run are tested as well; and 8
// for bitmaps of the rows below kBitmaps places, of which two make those of a run. Bytes have no
// bitmaps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bitset.hpp"

namespace vecq {

// Places in an order. The rows at [begin, end) are in the range; of those at [first, begin) and
// [end, last) some may be; no others are.
struct OrderedRun {
    size_t first, begin, end, last;
};

class OrderedRows {
public:
    // NaN is in no range and left out.
    explicit OrderedRows(std::span<const float> values);
    explicit OrderedRows(std::span<const int64_t> values);
    explicit OrderedRows(std::span<const uint8_t> values);

    // Number of rows of the column that was sorted.
    size_t rows() const { return rows_; }
    std::span<const uint32_t> in_order() const { return in_order_; }
    // Both ends of the range are in it.
    OrderedRun run(float low, float high) const;
    OrderedRun run(int64_t low, int64_t high) const;
    OrderedRun run(uint8_t low, uint8_t high) const;
    // One bit per row of the column: those of [begin, end). Bytes have no bitmaps.
    Bitset bits_of(const OrderedRun& run) const;

private:
    static constexpr size_t kStep = 32, kBitmaps = 64;

    template <class T>
    void sort(std::span<const T> values);
    void make_bitmaps();
    OrderedRun run_of_keys(uint64_t low, uint64_t high) const;
    size_t place_of_bitmap(size_t number) const { return in_order_.size() * number / kBitmaps; }

    size_t rows_;
    std::vector<uint32_t> in_order_;
    std::vector<uint64_t> keys_;   // of every kStep-th row, see key_of
    std::vector<Bitset> bitmaps_;  // number i: the rows before place_of_bitmap(i)
};

}  // namespace vecq
