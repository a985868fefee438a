// The nearest candidates of each row while leaves offer more of them, in bounded memory.
//
// A reservoir keeps the least of all neighbors offered, each once and in ascending order: what it
// holds does not depend on the order of the offers, nor on the threads that make them.
#pragma once

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
    std::span<const Neighbor> candidates(uint32_t row) const { return {slots(row), counts_[row]}; }
    void prefetch(uint32_t row) const;

    // Thread-safe. Reorders `neighbors`.
    void offer(uint32_t row, std::span<Neighbor> neighbors);

    // Replaces the candidates of a row by its own choice; later offers compete for the places
    // behind it.
    void fix(uint32_t row, std::span<const Neighbor> own);
    std::span<const Neighbor> fixed(uint32_t row) const { return {slots(row), fixed_[row]}; }

private:
    Neighbor* slots(uint32_t row) const { return slots_.as<Neighbor>() + row * capacity_; }

    const size_t capacity_;
    Memory slots_;
    std::vector<uint16_t> counts_, fixed_;
    ListLocks locks_;
};

}  // namespace vecq
