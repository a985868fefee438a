// Links rows into the graph, and takes them out of it, with scratch memory for each thread.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/memory.hpp"
#include "graph/link.hpp"
#include "rows/index_state.hpp"

namespace vecq {

// Rows that a thread links as one task. Only whole tasks are linked at the same time, so that the
// graph does not depend on how a caller slices its calls.
inline constexpr size_t kRowsPerTask = 64;

class LinkWorkers {
public:
    explicit LinkWorkers(IndexState& state) : state_(state) {}

    // Links rows that have nodes, `interleaved` walks per thread at a time.
    void link(std::span<const uint32_t> rows, size_t threads, size_t interleaved);
    // Unlinks a hidden row and repairs the lists around it. Returns the nearest row, or kNone.
    uint32_t unlink(uint32_t row);

private:
    // Kept between calls: making it costs more than linking a row.
    struct Worker {
        LinkScratch scratch;
        Memory room;
    };

    Worker& worker(size_t number);
    RowLinkJob job();

    IndexState& state_;
    ListLocks locks_;
    std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace vecq
