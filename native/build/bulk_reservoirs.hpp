// The nearest candidates of each row of a slab while more of them are offered, in bounded memory.
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
    static size_t bytes_per_row(size_t capacity) {
        return capacity * (sizeof(uint32_t) + sizeof(uint16_t));
    }

    // Reservoirs of at most `slab_rows` rows at a time.
    BulkReservoirs(size_t slab_rows, size_t capacity);

    // Empties the reservoirs for the slab that begins at row `first`.
    void begin_slab(size_t first);

    size_t capacity() const { return capacity_; }
    // The rows of the candidates, the nearest first.
    std::span<const uint32_t> rows_of(uint32_t row) const {
        const size_t at = row - first_;
        return {rows(at), counts_[at]};
    }
    // Copies the candidates to `to`, which has room for capacity() of them.
    std::span<const Neighbor> candidates(uint32_t row, Neighbor* to) const {
        return copy(row - first_, 0, to);
    }
    void prefetch(uint32_t row) const;
    // The same for a reservoir of few candidates.
    void prefetch_front(uint32_t row) const;

    // Rounds the distance of a neighbor as offers do.
    static Neighbor rounded(Neighbor neighbor) { return neighbor & ~(Neighbor{0xffff} << 32); }

    // Thread-safe. Rounds and reorders `neighbors`.
    void offer(uint32_t row, std::span<Neighbor> neighbors);

private:
    uint32_t* rows(size_t at) const { return rows_.as<uint32_t>() + at * capacity_; }
    uint16_t* distances(size_t at) const { return distances_.as<uint16_t>() + at * capacity_; }
    Neighbor nth(size_t at, size_t i) const {
        return Neighbor{distances(at)[i]} << 48 | rows(at)[i];
    }
    std::span<const Neighbor> copy(size_t at, size_t first, Neighbor* to) const;
    void store(size_t at, size_t first, std::span<const Neighbor> neighbors);

    const size_t capacity_;
    size_t first_ = 0;         // row of the slab
    Memory rows_, distances_;  // `capacity_` per row
    std::vector<uint16_t> counts_;
    ListLocks locks_;
};

}  // namespace vecq
