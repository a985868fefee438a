"""The worker processes of one contender.

Workers are spawned, pinned, open the saved index, and wait for orders. For every setting each warms
up, all start at a barrier, and search for a fixed time. Latencies and ids return through shared
memory, everything else through pipes. A worker that dies or fails breaks the barrier for all.
"""

import multiprocessing
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import connection
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from threading import BrokenBarrierError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq.bench.adapters import Adapter, Setting, Spec
from vecq.bench.contender import Contender
from vecq.bench.regimes.regime import WARM_UP, Timing
from vecq.bench.subprocess_call import exit_description, one_line
from vecq.core.cores import bind, node_of, pin

# Capacity for latencies, per process and second; a faster process stops early.
RATE = 200_000
# Seconds that a process may take to open an index or to answer, and to exit.
PATIENCE, GRACE = 300.0, 10.0


@dataclass(frozen=True)
class WorkerSetup:
    """The arguments of one worker."""

    spec: Spec
    path: Path
    metric: str
    rows: int
    queries: NDArray[np.float32]
    core: int | None
    numa: bool


@dataclass(frozen=True)
class SearchOrder:
    """One setting to search with, and the shared memory for results."""

    k: int
    setting: Setting
    seconds: float
    latencies: str
    ids: str
    number: int


class WorkerPool:
    """Workers that search one index at the same time."""

    def __init__(
        self,
        contender: Contender,
        path: Path,
        rows: slice,
        cores: Sequence[int | None],
        *,
        numa: bool,
    ) -> None:
        context = multiprocessing.get_context("spawn")
        self.queries = np.ascontiguousarray(contender.queries[rows])
        self._barrier = context.Barrier(len(cores))
        self._pipes, self._workers = [], []
        self._lost = ""  # how a worker ended, if one did
        data = contender.data
        for core in cores:
            near, far = context.Pipe()
            post = WorkerSetup(
                *(contender.spec, path, data.metric, len(data.train), self.queries, core, numa),
            )
            worker = context.Process(target=_serve, args=(far, post, self._barrier), daemon=True)
            worker.start()
            far.close()
            self._pipes.append(near)
            self._workers.append(worker)
        try:
            self._replies()  # all workers have opened the index
        except BaseException:
            self.close()
            raise

    def search(self, k: int, setting: Setting, seconds: float) -> Timing:
        """Let all workers search at once."""
        if self._lost:
            raise RuntimeError(self._lost)
        shape = len(self._workers), 1 + int(RATE * seconds)
        times, ids = SharedArray(shape, np.float64), SharedArray((len(self.queries), k), np.int64)
        try:
            for number, pipe in enumerate(self._pipes):
                pipe.send(SearchOrder(k, setting, seconds, times.name, ids.name, number))
            counts = self._replies()
            rows = [row[: count + 1] for row, count in zip(times.array, counts, strict=True)]
            latencies = np.concatenate([np.diff(row) for row in rows])
            span = max(float(row[-1]) for row in rows)
            return Timing(sum(counts), span, latencies, ids.array.copy())
        finally:
            times.close()
            ids.close()

    def close(self) -> None:
        self._barrier.abort()
        for pipe in self._pipes:
            pipe.close()
        for worker in self._workers:
            worker.join(GRACE)
            worker.kill()
            worker.join()

    def _replies(self) -> list[int]:
        """Return the count that every worker sends; raise if one fails."""
        counts = [0] * len(self._pipes)
        waiting: dict[Any, int] = {pipe: number for number, pipe in enumerate(self._pipes)}
        errors: list[str] = []
        deadline = time.monotonic() + PATIENCE
        while waiting:
            ready = connection.wait(list(waiting), max(0.0, deadline - time.monotonic()))
            if not ready:
                raise RuntimeError(f"a process did not answer within {PATIENCE:.0f} s")
            for pipe in ready:
                number = waiting.pop(pipe)
                try:
                    reply = self._pipes[number].recv()
                except (EOFError, ConnectionError):
                    self._barrier.abort()
                    self._workers[number].join(GRACE)
                    code = self._workers[number].exitcode
                    reply = self._lost = f"a process {exit_description(code)}"
                if isinstance(reply, str):
                    errors.append(reply)
                else:
                    counts[number] = reply
        if errors:
            self._barrier.reset()  # no worker waits at it any more
            raise RuntimeError(next((text for text in errors if text), "a worker gave up"))
        return counts


class SharedArray:
    """An array in shared memory that other processes open by its name."""

    def __init__(self, shape: tuple[int, ...], dtype: Any, name: str | None = None) -> None:
        size = max(1, int(np.prod(shape)) * np.dtype(dtype).itemsize)
        self._memory = SharedMemory(name, create=name is None, size=size)
        self._owned = name is None
        self.name = self._memory.name
        self.array: NDArray[Any] = np.ndarray(shape, dtype, buffer=self._memory.buf)

    def close(self) -> None:
        del self.array
        self._memory.close()
        if self._owned:
            self._memory.unlink()


def _serve(pipe: connection.Connection, post: WorkerSetup, barrier: Any) -> None:
    """Answer orders until the pipe is closed.

    Ctrl-C reaches all processes of a terminal; only the parent handles it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        if post.core is not None:
            pin(post.core)
            if post.numa:
                bind(node_of(post.core))
        adapter = post.spec.make()
        adapter.load(post.path, post.metric, post.queries.shape[1], post.rows)
        pipe.send(0)
    except Exception as error:
        pipe.send(one_line(error))
        return
    while True:
        try:
            order = pipe.recv()
        except (EOFError, ConnectionError):
            return
        try:
            reply: int | str = _obey(adapter, order, post.queries, barrier)
        except BrokenBarrierError:
            reply = ""
        except Exception as error:
            barrier.abort()
            reply = one_line(error)
        try:
            pipe.send(reply)
        except ConnectionError:
            return


def _obey(adapter: Adapter, order: SearchOrder, queries: NDArray[np.float32], barrier: Any) -> int:
    """Search for the ordered time, and return the number of answered queries."""
    times = SharedArray(
        (order.number + 1, 1 + int(RATE * order.seconds)), np.float64, order.latencies
    )
    try:
        adapter.set(order.setting, order.k, 1)
        calls = [queries[row : row + 1] for row in range(len(queries))]
        for call in calls[:WARM_UP]:
            adapter.search(call, order.k)
        barrier.wait(PATIENCE)
        done = _search(adapter, order, calls, times.array[order.number])
    finally:
        times.close()
    if order.number == 0:
        _show(adapter, order, calls)
    return done


def _search(
    adapter: Adapter, order: SearchOrder, calls: list[Any], times: NDArray[np.float64]
) -> int:
    """Write the time of each answer, in seconds from the start."""
    search, clock, k, most = adapter.search, time.perf_counter, order.k, len(times) - 1
    at = order.number * 31 % len(calls)  # workers start at different queries
    start, done, now = clock(), 0, 0.0
    while now < order.seconds and done < most:
        search(calls[at], k)
        now = clock() - start
        done += 1
        times[done] = now
        at = at + 1 if at + 1 < len(calls) else 0
    return done


def _show(adapter: Adapter, order: SearchOrder, calls: list[Any]) -> None:
    """Answer every query once more, to return the ids."""
    ids = SharedArray((len(calls), order.k), np.int64, order.ids)
    try:
        for row, call in zip(ids.array, calls, strict=True):
            found = np.asarray(adapter.ids(adapter.search(call, order.k)))[0]
            row[:] = -1
            row[: len(found)] = found[: len(row)]
    finally:
        ids.close()
