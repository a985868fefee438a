// Cuts rows into tasks and calls the link kernels.
#include "build/link_workers.hpp"

#include <algorithm>

#include "base/pool.hpp"

namespace vecq {

LinkWorkers::Worker& LinkWorkers::worker(size_t number) {
    while (workers_.size() <= number) {
        auto worker = std::make_unique<Worker>();
        worker->query_codes =
            Memory(state_.kernels.link_scratch_bytes(state_.rows.codes().codec().row_bytes()));
        workers_.push_back(std::move(worker));
    }
    return *workers_[number];
}

RowLinkJob LinkWorkers::job() {
    RowLinkJob job{};
    job.link = {state_.graph.view(), state_.options.m, state_.options.ef_construction,
                state_.rows.slots().taken(), &locks_};
    job.scored = state_.rows.scored_for_links();
    job.measure = state_.rows.link().measure();
    job.interleaved = 1;
    return job;
}

void LinkWorkers::link(std::span<const uint32_t> rows, size_t threads, size_t interleaved) {
    const size_t tasks = (rows.size() + kRowsPerTask - 1) / kRowsPerTask;
    const size_t workers = workers_for(threads, tasks);
    worker(workers - 1);
    RowLinkJob all = job();
    all.interleaved = interleaved;
    parallel_for(workers, tasks, [&](size_t task, size_t number) {
        const size_t first = task * kRowsPerTask;
        RowLinkJob own = all;
        own.rows = rows.subspan(first, std::min(kRowsPerTask, rows.size() - first));
        Worker& worker = *workers_[number];
        state_.kernels.link(own, worker.scratch, worker.query_codes.as<std::byte>());
    });
}

uint32_t LinkWorkers::unlink(uint32_t row) {
    const RowLinkJob own = job();
    Worker& first = worker(0);
    return state_.kernels.unlink(own, row, first.scratch, first.query_codes.as<std::byte>());
}

}  // namespace vecq
