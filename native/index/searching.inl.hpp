// What walks and scans share.
#pragma once

#include <utility>

#include "base/pool.hpp"
#include "index/request.hpp"
#include "index/searcher.hpp"

namespace vecq {

inline constexpr size_t kMostGuides = 10;

// What passes may lie together, so that around a query it is less than of all. If it is much of all, a walk
// then steps over the rest. If it is little, stepping over would find some, but no way to the best of them.
inline void set_steps(Gate& gate, Plan plan, float share) {
    constexpr float kMuch = 0.25F;
    gate.expected = share;
    gate.steps_below = plan == Plan::step_over ? 2 : share < kMuch ? 0 : share / 2;
}

// Calls body(searcher, task) for all tasks and returns what the walks in there counted.
template <class Body>
WalkCounts Index::with_searchers(const Request& request, size_t tasks, Body&& body) const {
    const size_t workers = workers_for(request.options.threads, tasks);
    std::vector<std::unique_ptr<Searcher>> searchers(workers);
    for (auto& searcher : searchers) searcher = take_searcher(request.options.query_bits);
    parallel_for(workers, tasks,
                 [&](size_t task, size_t worker) { body(*searchers[worker], task); });
    WalkCounts counts;
    for (auto& searcher : searchers) {
        for (WalkScratch& walk : searcher->walks) {
            counts.hops += std::exchange(walk.counts.hops, 0);
            counts.scores += std::exchange(walk.counts.scores, 0);
        }
        keep_searcher(std::move(searcher));
    }
    return counts;
}

// Null if these queries may be answered with whatever there is.
inline const Gate* Index::gates_of(Searcher& searcher, const Request& request, size_t first,
                                   size_t count) const {
    const auto row_of = [&](int64_t id) {
        const uint32_t row = ids_.find(id);
        return slots_.shows(row) ? row : kNoRow;
    };
    const bool open = request.plan != Plan::scan && !request.passing;
    const Gate* gates = searcher.gates.set(row_of, open ? nullptr : request.allowed,
                                           request.options.exclude, first, count);
    if (gates == nullptr) return nullptr;
    if (request.plan != Plan::scan || Scanner::wants_sets(count)) searcher.gates.make_sets();
    // What is not kept takes up room on a walk; of a filter's, about as much as there is of it, but around
    // a query there may be more.
    const size_t held_back = slots_.count() - request.passing_count;
    const size_t width = request.walk_width;
    const size_t guides = request.plan == Plan::step_over
                              ? 0
                              : std::min({held_back, kMostGuides * width,
                                          width + 2 * width * held_back / request.passing_count});
    const float share = static_cast<float>(request.passing_count) / slots_.count();
    for (size_t i = 0; i < count; ++i) {
        Gate& gate = searcher.gates[i];
        set_steps(gate, request.plan, share);
        gate.guides = guides + gate.excluded_rows.size();
    }
    return gates;
}

}  // namespace vecq
