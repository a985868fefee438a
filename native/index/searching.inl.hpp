// What walks and scans share.
#pragma once

#include <atomic>
#include <utility>

#include "base/pool.hpp"
#include "index/request.hpp"
#include "index/searcher.hpp"

namespace vecq {

// What passes may lie together, so that around a query it is less than of all. If it is much of all, a walk
// then steps over the rest. If it is little, stepping over would find some, but no way to the best of them,
// and all that leads on is kept.
inline void set_filter(Gate& gate, Plan plan, size_t width, size_t passing, size_t all) {
    constexpr float kMuch = 0.25F;
    constexpr size_t kGuides = 3, kGuidesOfLittle = 10;
    const float share = static_cast<float>(passing) / static_cast<float>(all);
    gate.expected = share;
    if (plan == Plan::step_over) {
        gate.steps_below = 2;
        return;
    }
    // About as much as there is of what doesn't pass takes up room beside what is kept, but around a
    // query there may be more.
    const size_t held_back = all - passing;
    gate.steps_below = share < kMuch ? 0 : share / 2;
    gate.guides = std::min({held_back, (share < kMuch ? kGuidesOfLittle : kGuides) * width,
                            width + 2 * width * held_back / passing});
}

// Calls body(task, worker) on several threads for the first tasks: for all of them, or as many as begin
// before the slice is over, at least one. Returns how many. As parallel_for otherwise.
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

// Calls body(searcher, task) for the tasks of a slice.
template <class Body>
Index::Tasks Index::with_searchers(const Request& request, const Slice& slice, size_t tasks,
                                   Body&& body) const {
    const size_t workers = workers_for(request.options.threads, tasks);
    std::vector<std::unique_ptr<Searcher>> searchers(workers);
    for (auto& searcher : searchers) searcher = take_searcher(request.options.query_bits);
    Tasks all{};
    all.begun = parallel_slice(workers, tasks, slice,
                               [&](size_t task, size_t worker) { body(*searchers[worker], task); });
    for (auto& searcher : searchers) {
        for (WalkScratch& walk : searcher->walks) {
            all.walked.hops += std::exchange(walk.counts.hops, 0);
            all.walked.scores += std::exchange(walk.counts.scores, 0);
        }
        keep_searcher(std::move(searcher));
    }
    return all;
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
    for (size_t i = 0; i < count; ++i) {
        Gate& gate = searcher.gates[i];
        set_filter(gate, request.plan, request.walk_width, request.passing_count, slots_.count());
        gate.guides += gate.excluded_rows.size();
    }
    return gates;
}

}  // namespace vecq
