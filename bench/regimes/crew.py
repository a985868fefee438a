"""The processes of one contestant.

They are spawned, pinned, take up the saved index, and wait. For every setting each warms up, all go
at a barrier, and search for a fixed time; latencies and ids come back through shared memory, the
rest through pipes. One that dies, or fails, breaks the barrier for all.
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

from vecq.bench import numa
from vecq.bench.adapters import Adapter, Setting, Spec
from vecq.bench.child import fate, one_line
from vecq.bench.contestant import Contestant
from vecq.bench.regimes.regime import WARM_UP, Timing

# Room for latencies, per process and second; one that is faster ends early.
RATE = 200_000
# How long a process may take to take up an index, to answer a setting, and to end.
PATIENCE, GRACE = 300.0, 10.0


@dataclass(frozen=True)
class Post:
    """All that one process is told at the start."""

    spec: Spec
    path: Path
    metric: str
    rows: int
    queries: NDArray[np.float32]
    core: int | None
    numa: bool


@dataclass(frozen=True)
class Order:
    """One setting to search with, and the shared memory and its row to write to."""

    k: int
    setting: Setting
    seconds: float
    latencies: str
    ids: str
    number: int


class Crew:
    def __init__(
        self,
        contestant: Contestant,
        path: Path,
        rows: slice,
        cores: Sequence[int | None],
        *,
        numa: bool,
    ) -> None:
        context = multiprocessing.get_context("spawn")
        self.queries = np.ascontiguousarray(contestant.queries[rows])
        self._barrier = context.Barrier(len(cores))
        self._pipes, self._members = [], []
        self._lost = ""  # what became of a member that is no more
        data = contestant.data
        for core in cores:
            near, far = context.Pipe()
            post = Post(
                *(contestant.spec, path, data.metric, len(data.train), self.queries, core, numa),
            )
            member = context.Process(target=_serve, args=(far, post, self._barrier), daemon=True)
            member.start()
            far.close()
            self._pipes.append(near)
            self._members.append(member)
        try:
            self._replies()  # everybody has taken up the index
        except BaseException:
            self.close()
            raise

    def search(self, k: int, setting: Setting, seconds: float) -> Timing:
        """Lets all of them search at once."""
        if self._lost:
            raise RuntimeError(self._lost)
        shape = len(self._members), 1 + int(RATE * seconds)
        times, ids = SharedArray(shape, np.float64), SharedArray((len(self.queries), k), np.int64)
        try:
            for number, pipe in enumerate(self._pipes):
                pipe.send(Order(k, setting, seconds, times.name, ids.name, number))
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
        for member in self._members:
            member.join(GRACE)
            member.kill()
            member.join()

    def _replies(self) -> list[int]:
        """The count that every member sends; an error of one is an error of all."""
        counts = [0] * len(self._pipes)
        waiting = dict(zip(self._pipes, range(len(self._pipes)), strict=True))
        errors: list[str] = []
        deadline = time.monotonic() + PATIENCE
        while waiting:
            ready = connection.wait(list(waiting), max(0.0, deadline - time.monotonic()))
            if not ready:
                raise RuntimeError(f"a process did not answer within {PATIENCE:.0f} s")
            for pipe in ready:
                number = waiting.pop(pipe)  # type: ignore[arg-type]
                try:
                    reply = self._pipes[number].recv()
                except (EOFError, ConnectionError):
                    self._barrier.abort()
                    self._members[number].join(GRACE)
                    reply = self._lost = f"a process {fate(self._members[number].exitcode)}"
                if isinstance(reply, str):
                    errors.append(reply)
                else:
                    counts[number] = reply
        if errors:
            self._barrier.reset()  # nobody is left waiting
            raise RuntimeError(next((text for text in errors if text), "a process gave up"))
        return counts


class SharedArray:
    """An array in memory that other processes can take up by its name."""

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


def _serve(pipe: connection.Connection, post: Post, barrier: Any) -> None:
    """The life of a member: it answers orders until its pipe is closed.

    Ctrl-C in a terminal goes to all processes; what to do about it is up to the first.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        if post.core is not None:
            numa.pin(post.core)
            if post.numa:
                numa.bind(numa.node_of(post.core))
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


def _obey(adapter: Adapter, order: Order, queries: NDArray[np.float32], barrier: Any) -> int:
    """Searches for the time ordered, and returns how many queries were answered."""
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


def _search(adapter: Adapter, order: Order, calls: list[Any], times: NDArray[np.float64]) -> int:
    """Writes when each answer was there, in seconds from the start."""
    search, clock, k, most = adapter.search, time.perf_counter, order.k, len(times) - 1
    at = order.number * 31 % len(calls)  # members ask for different things at a time
    start, done, now = clock(), 0, 0.0
    while now < order.seconds and done < most:
        search(calls[at], k)
        now = clock() - start
        done += 1
        times[done] = now
        at = at + 1 if at + 1 < len(calls) else 0
    return done


def _show(adapter: Adapter, order: Order, calls: list[Any]) -> None:
    """Answers every query once more, for the ids."""
    ids = SharedArray((len(calls), order.k), np.int64, order.ids)
    try:
        for row, call in zip(ids.array, calls, strict=True):
            found = np.asarray(adapter.ids(adapter.search(call, order.k)))[0]
            row[:] = -1
            row[: len(found)] = found[: len(row)]
    finally:
        ids.close()
