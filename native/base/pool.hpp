// Parallel loops on one pool of threads that the whole process shares.
#pragma once

#include <cstddef>
#include <functional>

namespace vecq {

// How many workers a parallel_for would use: at least 1, at most `threads`, where 0 stands for all
// cores that the caller may run on. For scratch per worker, pass the answer on as `threads`: asked
// twice about 0, it may differ, because cores come and go.
size_t workers_for(size_t threads, size_t tasks);

// Calls body(task, worker) once for each task below `tasks`, on several threads at a time, of which
// each has its own worker number; the caller is worker 0. After the first exception no more tasks
// begin, and it is rethrown when all workers have stopped. Inside a body this is a plain loop. A
// child that is forked inside a body may call it, but must not return from that body.
void parallel_for(size_t threads, size_t tasks,
                  const std::function<void(size_t task, size_t worker)>& body);

// Ends the threads of the pool and waits until the system has ended them, and for calls that they
// take part in. The next parallel_for starts new ones. Not inside a body, which would wait for
// itself.
void end_workers();

}  // namespace vecq
