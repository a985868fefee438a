"""The load generator: one thread, many connections, epoll.

An open loop sends at random times of a fixed rate (a Poisson process) and counts latency from the
time at which a request was due, so a service that stalls cannot slow its own load down. A request
that finds no free connection waits for one, and its wait counts. A closed loop sends the next
request of a connection when the last one is answered; its throughput is the capacity.
"""

from __future__ import annotations

import select
import socket
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vecq.bench.serving.requests import Address

PATIENCE = 10.0  # seconds to wait for the last answers
RECEIVE = 1 << 18


@dataclass(frozen=True)
class Load:
    """A load: the messages to send in turn, and how.

    `rate` is in requests per second; None for a closed loop.
    """

    messages: Sequence[bytes]
    connections: int
    seconds: float
    rate: float | None = None
    seed: int = 0


@dataclass(frozen=True)
class Step:
    """What a load measured; latencies are in seconds."""

    rate: float | None  # requests per second that were due
    answered: float  # requests per second that were answered with status 200
    failed: int  # answers of another status, and lost connections
    latencies: NDArray[np.float64]

    def quantile(self, share: float) -> float:
        """Return the latency that a share of the answers stays within."""
        return float(np.quantile(self.latencies, share)) if len(self.latencies) else float("nan")


class Connection:
    """A keep-alive connection with at most one request in flight."""

    def __init__(self, address: Address) -> None:
        self._socket = socket.create_connection((address.host, address.port), timeout=PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = bytearray()
        self.due = 0.0

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, message: bytes, due: float) -> None:
        self.due = due
        self._socket.sendall(message)

    def receive(self) -> int | None:
        """Read what has arrived; return the status once the answer is complete.

        Raises:
            ConnectionError: The service has closed the connection.
        """
        part = self._socket.recv(RECEIVE)
        if not part:
            raise ConnectionError("the service closed the connection")
        self._received += part
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return None
        head = bytes(self._received[:end]).lower()
        length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        if len(self._received) < end + 4 + length:
            return None
        self._received.clear()
        return int(head.split(b" ", 2)[1])

    def close(self) -> None:
        self._socket.close()


def measure(address: Address, load: Load) -> Step:
    """Send a load and return what was measured.

    Raises:
        OSError: The service does not listen.
    """
    connections = [Connection(address) for _ in range(load.connections)]
    try:
        return _Run(connections, load).run()
    finally:
        for one in connections:
            one.close()


class _Run:
    """One measurement."""

    def __init__(self, connections: list[Connection], load: Load) -> None:
        self._load, self._free = load, deque(connections)
        self._busy: dict[int, Connection] = {}
        self._poll = select.epoll()
        for one in connections:
            self._poll.register(one.fileno(), select.EPOLLIN)
        self._latencies: list[float] = []
        self._failed = self._sent = 0

    def run(self) -> Step:
        load, clock = self._load, time.perf_counter
        due = self._arrivals()
        start = clock()
        while (now := clock() - start) < load.seconds or self._busy:
            if now > load.seconds + PATIENCE or not (self._free or self._busy):
                break
            self._send(due, now)
            wait = 0.0 if load.rate is not None and now < load.seconds else 0.05
            self._answers(start, wait)
        self._failed += len(self._busy)
        span = max(clock() - start, load.seconds)
        self._poll.close()
        return Step(load.rate, len(self._latencies) / span, self._failed, np.array(self._latencies))

    def _arrivals(self) -> deque[float]:
        """Return the times at which requests are due."""
        load = self._load
        if load.rate is None:
            return deque()
        rng = np.random.default_rng(load.seed)
        gaps = rng.exponential(1 / load.rate, int(load.rate * load.seconds * 1.5) + 100)
        times = np.cumsum(gaps)
        return deque(times[times < load.seconds].tolist())

    def _send(self, due: deque[float], now: float) -> None:
        closed, messages = self._load.rate is None, self._load.messages
        while self._free and now < self._load.seconds if closed else due and due[0] <= now:
            if not self._free:
                return
            connection = self._free.popleft()
            message = messages[self._sent % len(messages)]
            self._sent += 1
            at = now if closed else due.popleft()
            try:
                connection.send(message, at)
            except OSError:
                self._failed += 1
                continue
            self._busy[connection.fileno()] = connection

    def _answers(self, start: float, wait: float) -> None:
        for number, _ in self._poll.poll(wait):
            connection = self._busy.get(number)
            if connection is None:  # the service closed an idle connection
                self._poll.unregister(number)
                self._free = deque(one for one in self._free if one.fileno() != number)
                continue
            try:
                status = connection.receive()
            except OSError:
                self._poll.unregister(number)
                del self._busy[number]
                self._failed += 1
                continue
            if status is None:
                continue
            del self._busy[number]
            self._free.append(connection)
            if status == 200:
                self._latencies.append(time.perf_counter() - start - connection.due)
            else:
                self._failed += 1
