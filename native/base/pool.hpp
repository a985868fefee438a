// Parallel loops on one pool of threads that the whole process shares.
#pragma once

#include <cstddef>
#include <functional>

namespace vecq {

// Returns the number of workers of a parallel_for: at least 1, at most `threads`, where 0 means all
// cores that the caller may run on. To allocate scratch per worker, pass the result on as
// `threads`: for 0 a second call may differ, because the CPU affinity may change.
size_t workers_for(size_t threads, size_t tasks);

// Calls body(task, worker) once for each task below `tasks`, on several threads with distinct
// worker numbers; the caller is worker 0. After the first exception no more tasks begin, and it is
// rethrown when all workers have stopped. Inside a body this is a serial loop. A process forked
// inside a body may call this, but must not return from that body.
void parallel_for(size_t threads, size_t tasks,
                  const std::function<void(size_t task, size_t worker)>& body);

// Ends the threads of the pool and joins them, after the calls they work on. The next parallel_for
// starts new threads. Must not be called inside a body, which would wait for itself.
void end_workers();

}  // namespace vecq
