"""`vecq serve` against empty handlers, batches in process and a queue: make bench-serving.

A service and the load generator have a core each. Rates are those of a closed loop: the next
request of a connection is sent when the last one is answered. An empty handler answers the same
requests on the same core without a search. Latencies are those of random arrivals at a fraction of
the capacity; beside them stand those of a queue whose server takes the CPU time that the worker
takes for a request, and the time for which generator and worker waited for their cores.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

import vecq
from vecq.bench.serving import Load, Step, measure
from vecq.bench.serving.requests import Address, messages
from vecq.core.cores import physical_cores, pin
from vecq.datasets.population import Population

from .queueing import BatchServer

HANDLERS = Path(__file__).resolve().with_name("empty_handlers.py")
DIM, USERS, K, EXCLUDED = 128, 2000, 100, 50
BINARY, BINARY_CONNECTIONS, MICRO_BATCH = 64, 4, 16
QUEUED = 200_000  # requests of the queue
VECQ = "import sys, vecq_command; sys.exit(vecq_command.main())"


class Service:
    """A service that listens on an address, and the process that answers."""

    def __init__(self, port: int, process: int) -> None:
        self.address, self._process = Address("127.0.0.1", port, ""), process

    def times(self) -> tuple[float, float]:
        """Return its seconds on a core, and of waiting for one."""
        return times_of(self._process)


def times_of(process: int | str) -> tuple[float, float]:
    """Return the seconds that the main thread of a process ran, and waited for its core."""
    ran, waited = Path(f"/proc/{process}/schedstat").read_text().split()[:2]
    return int(ran) / 1e9, int(waited) / 1e9


@contextmanager
def started(command: list[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """Run a program until the end of the block."""
    process = subprocess.Popen(command, text=True, **options)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGKILL if process.stderr is None else signal.SIGTERM)
        process.communicate()


@contextmanager
def vecq_serve(path: Path) -> Iterator[Service]:
    """Run `vecq serve` with one worker on the core of this process."""
    options = ("--port", "0", "--processes", "1", "--micro-batch", str(MICRO_BATCH))
    command = [sys.executable, "-I", "-c", VECQ, "serve", str(path), *options]
    with started(command, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        if " serves version " not in line:
            raise RuntimeError(f"vecq serve does not serve: {line}")
        port = int(line.split(" serves version ")[0].rsplit(":", 1)[1])
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
        yield Service(port, int(children.split()[0]))


@contextmanager
def empty_handler(server: str) -> Iterator[Service]:
    """Run an empty handler on the core of this process."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        command = [sys.executable, "-I", str(HANDLERS), server, str(listener.fileno())]
        with started(command, pass_fds=[listener.fileno()]) as process:
            yield Service(listener.getsockname()[1], process.pid)


def saved_index(rows: int, folder: Path) -> tuple[Path, NDArray[np.float32]]:
    """Return the file of an index of generated items, built if it is missing, and its users."""
    population, path = Population(rows, DIM, USERS), folder / f"serving-{rows}.vecq"
    if not path.exists():
        index = vecq.Index(DIM, "ip")
        index.add(np.concatenate(list(population.items())), threads=0, progress=False)
        index.save(path)
    return path, population.queries


def in_process(path: Path, users: NDArray[np.float32], core: int, seconds: float) -> float:
    """Return the queries per second of batches of BINARY on one core, without a service."""
    index, rng = vecq.open(path, preload="walk"), np.random.default_rng(0)
    seen = rng.integers(0, len(index), (len(users), EXCLUDED))
    before = os.sched_getaffinity(0)
    pin(core)
    try:
        done, start = 0, time.perf_counter()
        while (now := time.perf_counter()) - start < seconds:
            first = done % (len(users) - BINARY)
            part = slice(first, first + BINARY)
            index.search(users[part], K, exclude=list(seen[part]))
            done += BINARY
        return done / (now - start)
    finally:
        os.sched_setaffinity(0, before)


class Study:
    """The services of one index, and what is sent to them."""

    def __init__(
        self, options: argparse.Namespace, rows: int, folder: Path, stack: ExitStack
    ) -> None:
        """Start the services; the stack ends them."""
        self.options, self.rows = options, rows
        self.path, self.users = saved_index(rows, folder)
        cores = physical_cores()
        self.core, own = cores[0], cores[-1]
        pin(self.core)
        self.services = {"vecq serve": stack.enter_context(vecq_serve(self.path))}
        self.services["empty, server of vecq serve"] = stack.enter_context(empty_handler("own"))
        if find_spec("uvicorn") is not None:
            self.services["empty, uvicorn"] = stack.enter_context(empty_handler("uvicorn"))
        pin(own)
        self.searching = self.services["vecq serve"]
        for service in self.services.values():
            self.send(service, 0.3)  # waits until it listens, and warms up

    def messages(self, service: Service, per_request: int = 1) -> list[bytes]:
        return messages(
            service.address,
            self.users,
            k=K,
            excluded=EXCLUDED,
            items=self.rows,
            per_request=per_request,
            binary=per_request > 1,
        )

    def send(self, service: Service, seconds: float, connections: int = 0, **load: Any) -> Step:
        """Send searches for one query each, in a closed loop unless there is a rate."""
        sent = self.messages(service)
        count = connections or self.options.connections
        return measure(service.address, Load(sent, count, seconds, **load))

    def rates(self) -> Iterator[dict[str, Any]]:
        """Requests per second of every handler, in rounds, and its CPU time for a request."""
        found: dict[str, list[float]] = {name: [] for name in self.services}
        cost: dict[str, list[float]] = {name: [] for name in self.services}
        for _ in range(self.options.repetitions):
            for name, service in self.services.items():
                before = service.times()[0]
                step = self.send(service, self.options.seconds)
                found[name].append(answered(step))
                cost[name].append((service.times()[0] - before) / len(step.latencies))
        searches = found["vecq serve"]
        for name, own in found.items():
            ratios = [one / other for one, other in zip(searches, own, strict=True)]
            yield {
                "handler": name,
                "requests/s": median(own),
                "spread": (max(own) - min(own)) / median(own),
                "us of CPU": 1e6 * median(cost[name]),
                "vecq serve / this": median(ratios),
            }

    def batches(self) -> dict[str, Any]:
        """Queries per second of binary bodies and of the same calls in process, in rounds."""
        service, seconds = self.searching, self.options.seconds
        load = Load(self.messages(service, BINARY), BINARY_CONNECTIONS, seconds)
        served, direct = [], []
        for _ in range(self.options.repetitions):
            served.append(BINARY * answered(measure(service.address, load)))
            direct.append(in_process(self.path, self.users, self.core, seconds))
        return {
            "queries per binary body": BINARY,
            "queries/s": median(served),
            "in process": median(direct),
            "served / in process": median(a / b for a, b in zip(served, direct, strict=True)),
        }

    def latencies(self, capacity: float, batched: float) -> dict[str, Any]:
        """Latency at a fraction of the capacity, and that of a queue.

        Args:
            capacity: Requests per second of a closed loop.
            batched: The worker's CPU seconds for a request of that loop.
        """
        rate = self.options.load * capacity
        loads = [self.loaded(rate, seed) for seed in range(self.options.repetitions)]
        p50, p99 = np.quantile(self.queue(batched, rate), (0.5, 0.99)).tolist()
        return {
            "requests/s due": rate,
            **{name: median(one[name] for one in loads) for name in loads[0]},
            "queue alone": {"p50 ms": 1e3 * p50, "p99 ms": 1e3 * p99, "p99 / p50": p99 / p50},
        }

    def loaded(self, rate: float, seed: int) -> dict[str, float]:
        """Send at a rate; return quantiles, and shares of the time of worker and generator."""
        seconds, worker, own = 2 * self.options.seconds, self.searching.times(), times_of("self")
        step = self.send(self.searching, seconds, rate=rate, seed=seed)
        answered(step)
        worker_after, own_after = self.searching.times(), times_of("self")
        p50, p99 = step.quantile(0.5), step.quantile(0.99)
        return {
            "p50 ms": 1e3 * p50,
            "p99 ms": 1e3 * p99,
            "p99 / p50": p99 / p50,
            "worker busy": (worker_after[0] - worker[0]) / seconds,
            "worker waited": (worker_after[1] - worker[1]) / seconds,
            "generator waited": (own_after[1] - own[1]) / seconds,
        }

    def queue(self, batched: float, rate: float) -> NDArray[np.float64]:
        """Return latencies of a queue with the CPU times of this worker, alone and in batches."""
        before = self.searching.times()[0]
        step = self.send(self.searching, 1.0, connections=1)
        alone = (self.searching.times()[0] - before) / len(step.latencies)
        outside = max(step.quantile(0.5) - alone, 0.0)  # sockets and the generator
        size = min(MICRO_BATCH, self.options.connections)
        server = BatchServer.of(alone, batched, size, MICRO_BATCH)
        return server.latencies(rate, QUEUED) + outside


def answered(step: Step) -> float:
    """Return the requests per second of a load whose requests were all answered."""
    if step.failed:
        raise RuntimeError(f"{step.failed} requests failed")
    return step.answered


def main() -> None:
    parser = argparse.ArgumentParser(prog="serving", description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--rows", type=int, nargs="+", default=[40_981, 1_000_000], help="default: %(default)s")
    add("--connections", type=int, default=32, help="of one query each: %(default)s")
    add("--seconds", type=float, default=2.0, help="of each measurement: %(default)s")
    add("--repetitions", type=int, default=3, help="default: %(default)s")
    add("--load", type=float, default=0.7, help="fraction of the capacity: %(default)s")
    add("--folder", type=Path, help="keep the indexes there, and use those that are there")
    options = parser.parse_args()
    if len(physical_cores()) < 2:
        parser.error("the service and the load generator need a core each")
    for rows in options.rows:
        with ExitStack() as stack:
            own = stack.enter_context(tempfile.TemporaryDirectory())
            folder = options.folder or Path(own)
            stack.callback(os.sched_setaffinity, 0, os.sched_getaffinity(0))
            study = Study(options, rows, folder, stack)
            about = {"data": f"recommendations-{DIM}-ip", "rows": rows}
            rates = list(study.rates())
            for line in rates:
                print(json.dumps(about | line), flush=True)
            print(json.dumps(about | study.batches()), flush=True)
            capacity, cost = rates[0]["requests/s"], rates[0]["us of CPU"] / 1e6
            print(json.dumps(about | study.latencies(capacity, cost)), flush=True)


if __name__ == "__main__":
    main()
