// The nearest candidates of each row while leaves offer more of them, in bounded memory.
//
// A reservoir keeps the least of all neighbors offered, each once and in ascending order: what it
// holds does not depend on the order of the offers, nor on the threads that make them.
//
// A neighbor takes 6 bytes: its row, and the upper 16 bits of its distance. Offers round distances
// down to them. Rows whose distances then tie are about as good as each other.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/memory.hpp"
#include "engine/bulk_jobs.hpp"
#include "graph/list_locks.hpp"

namespace vecq {

class BulkReservoirs {
public:
    BulkReservoirs(size_t rows, size_t capacity);

    size_t capacity() const { return capacity_; }
    // The rows of the candidates, the nearest first.
    std::span<const uint32_t> rows_of(uint32_t row) const { return {rows(row), counts_[row]}; }
    // Copies the candidates to `to`, which has room for capacity() of them.
    std::span<const Neighbor> candidates(uint32_t row, Neighbor* to) const {
        return copy(row, 0, counts_[row], to);
    }
    void prefetch(uint32_t row) const;

    // Rounds the distance of a neighbor as offers do.
    static Neighbor rounded(Neighbor neighbor) { return neighbor & ~(Neighbor{0xffff} << 32); }

    // Thread-safe. Rounds and reorders `neighbors`.
    void offer(uint32_t row, std::span<Neighbor> neighbors);

    // Replaces the candidates of a row by its own choice; later offers compete for the places
    // behind it.
    void fix(uint32_t row, std::span<const Neighbor> own);
    std::span<const Neighbor> fixed(uint32_t row, Neighbor* to) const {
        return copy(row, 0, fixed_[row], to);
    }

private:
    uint32_t* rows(uint32_t row) const { return rows_.as<uint32_t>() + row * capacity_; }
    uint16_t* distances(uint32_t row) const { return distances_.as<uint16_t>() + row * capacity_; }
    Neighbor at(uint32_t row, size_t i) const {
        return Neighbor{distances(row)[i]} << 48 | rows(row)[i];
    }
    std::span<const Neighbor> copy(uint32_t row, size_t first, size_t end, Neighbor* to) const;
    void store(uint32_t row, size_t first, std::span<const Neighbor> neighbors);

    const size_t capacity_;
    Memory rows_, distances_;  // `capacity_` per row
    std::vector<uint16_t> counts_, fixed_;
    ListLocks locks_;
};

}  // namespace vecq
