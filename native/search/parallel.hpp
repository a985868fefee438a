// Runs the tasks of a slice on several threads, each with its own searcher.
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "base/pool.hpp"
#include "search/request.hpp"

namespace vecq {

// Like parallel_for, but starts no task once the slice is over, except the first one. Returns the
// number of tasks started.
template <class Body>
size_t parallel_slice(size_t workers, size_t tasks, const Slice& slice, Body&& body) {
    std::atomic<size_t> next = 0;
    parallel_for(workers, workers, [&](size_t, size_t worker) {
        try {
            while (next == 0 || !slice.is_over()) {
                const size_t task = next++;
                if (task >= tasks) break;
                body(task, worker);
            }
        } catch (...) {
            next = tasks;
            throw;
        }
    });
    return std::min<size_t>(next, tasks);
}

struct TasksDone {
    size_t begun;
    WalkCounts walked;
};

// Calls body(searcher, task) for the tasks of a slice.
template <class Body>
TasksDone with_searchers(const Request& request, SearcherPool& pool, const Slice& slice,
                         size_t tasks, Body&& body) {
    const SearchOptions& options = request.call.options;
    const size_t workers = workers_for(options.threads, tasks);
    std::vector<std::unique_ptr<Searcher>> searchers(workers);
    for (auto& searcher : searchers) searcher = pool.take(request.state, options.query_bits);
    TasksDone done{};
    done.begun = parallel_slice(
        workers, tasks, slice, [&](size_t task, size_t worker) { body(*searchers[worker], task); });
    for (auto& searcher : searchers) {
        for (WalkScratch& walk : searcher->walks) {
            done.walked.hops += std::exchange(walk.counts.hops, 0);
            done.walked.scores += std::exchange(walk.counts.scores, 0);
        }
        pool.keep(std::move(searcher));
    }
    return done;
}

}  // namespace vecq
