// Links and unlinks rows, with scratch memory per thread.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/memory.hpp"
#include "graph/link.hpp"
#include "rows/index_state.hpp"

namespace vecq {

// Rows per task of a thread. Calls link whole tasks only, so that the graph does not depend on how
// a caller divides an addition into calls.
inline constexpr size_t kRowsPerTask = 64;

class LinkWorkers {
public:
    explicit LinkWorkers(IndexState& state) : state_(state) {}

    // Links rows that have nodes. Each thread interleaves up to `interleaved` walks.
    void link(std::span<const uint32_t> rows, size_t threads, size_t interleaved);
    // Unlinks a hidden row and repairs the lists around it. Returns the nearest row, or kNone.
    uint32_t unlink(uint32_t row);

private:
    // Kept between calls: its construction costs more than linking a row.
    struct Worker {
        LinkScratch scratch;
        Memory query_codes;
    };

    Worker& worker(size_t number);
    RowLinkJob job();

    IndexState& state_;
    ListLocks locks_;
    std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace vecq
