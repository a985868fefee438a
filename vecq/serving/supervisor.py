"""The supervisor: owns the listening sockets, the index file and the workers.

It searches nothing. It follows the file with `vecq.Live`, which verifies each new version once, and
sends the descriptor to all workers: they open exactly the verified file, also if the path names
another one by then. It replaces workers that end or hang. The listening sockets are its own, so
connections that wait on the socket of a killed worker are answered by the replacement.
"""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from vecq.core.cores import physical_cores
from vecq.core.errors import ArgumentError, UnsupportedError
from vecq.serving import channel
from vecq.serving.live import Live
from vecq.serving.metrics import SharedCounters
from vecq.serving.settings import Settings
from vecq.serving.worker import environment, start_code

BACKLOG = 1024
TICK = 0.2  # seconds between two looks at all workers
START_SECONDS = 120.0  # for a worker to open the index
HANG_SECONDS = 60.0  # without a heartbeat
MOST_BACKOFF = 5.0  # seconds before a worker that failed to start is started again


class Worker:
    """One worker process, and the ends of its socket and channel that the supervisor holds."""

    def __init__(self, number: int, core: int, listener: socket.socket) -> None:
        self.number, self.core, self.listener = number, core, listener
        self.process: subprocess.Popen[bytes] | None = None
        self.end: socket.socket | None = None
        self.version = ""  # that it searches; empty until it serves
        self.offered = ""  # the version that was sent last
        self.started_at = self.start_at = 0.0
        self.failures = 0  # starts in a row that did not serve


class Supervisor:
    """Starts workers, replaces them, and ends them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._live = Live(
            settings.path,
            interval=settings.interval,
            verify=settings.verify,
            preload=settings.preload,
            warm=0,
            on_swap=lambda _: self._wake(),
            on_error=lambda error: _say(f"the old version is kept: {error}"),
        )
        cores = physical_cores()
        count = settings.processes or len(cores)
        self.sockets = listening_sockets(settings.host, settings.port, count)
        self._memory = SharedCounters.create(count)
        self._counters = SharedCounters(self._memory, count)
        self._workers = [
            Worker(number, cores[number % len(cores)] if settings.pin else -1, listener)
            for number, listener in enumerate(self.sockets)
        ]
        self._selector = selectors.DefaultSelector()
        self._wakeup, self._waker = socket.socketpair()
        for own in (self._wakeup, self._waker):
            own.setblocking(False)
        self._selector.register(self._wakeup, selectors.EVENT_READ)
        self._signals: list[int] = []
        self._draining, self._announced = False, False

    @property
    def address(self) -> str:
        """The URL of the service."""
        host, port = self.sockets[0].getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def run(self) -> int:
        """Serve until SIGTERM or SIGINT; return the exit code."""
        _raise_descriptor_limit()
        with self._handling_signals():
            try:
                return self._loop()
            finally:
                self._end()

    # The loop

    def _loop(self) -> int:
        while True:
            self._handle_signals()
            self._look_after_workers()
            if self._draining and all(own.process is None for own in self._workers):
                return 0
            for key, _ in self._selector.select(TICK):
                if key.data is None:
                    with contextlib.suppress(BlockingIOError):
                        while self._wakeup.recv(4096):
                            pass
                else:
                    self._hear(key.data)

    def _handle_signals(self) -> None:
        signals, self._signals = self._signals, []
        for number in signals:
            if number == signal.SIGHUP:
                swapped = self._live.reload()
                _say(f"SIGHUP: {'loaded' if swapped else 'kept'} version {self._live.version}")
            elif number in (signal.SIGTERM, signal.SIGINT):
                if self._draining:
                    _say("killed on a second signal")
                    self._kill_all()
                self._drain()

    def _look_after_workers(self) -> None:
        now, version = time.monotonic(), self._live.version
        for worker in self._workers:
            if worker.process is not None and worker.process.poll() is not None:
                self._bury(worker)
            if worker.process is None:
                if not self._draining and now >= worker.start_at:
                    self._start(worker)
            elif self._hangs(worker, now):
                _say(f"worker {worker.number} hangs and is killed")
                worker.process.kill()
            elif worker.version and worker.offered != version and not self._draining:
                self._offer(worker, {})
        if not self._announced and all(worker.version for worker in self._workers):
            self._announced = True
            _say(f"{self.address} serves version {version}, workers: {len(self._workers)}")

    def _hear(self, worker: Worker) -> None:
        """Handle a message of a worker."""
        assert worker.end is not None
        received = channel.receive(worker.end)
        if received is None:  # it has ended; the next look buries it
            self._selector.unregister(worker.end)
            worker.end.close()
            worker.end = None
            return
        message = received[0]
        if "failed" in message:
            _say(f"worker {worker.number}: {message['failed']}")
        else:
            worker.version, worker.failures = message["version"], 0

    # Workers

    def _start(self, worker: Worker) -> None:
        self._counters.start(worker.number)
        worker.end, far = channel.channel()
        numbers = far.fileno(), worker.listener.fileno(), self._memory
        process = subprocess.Popen(
            [
                *(sys.executable, "-c", start_code(), *map(str, numbers)),
                *(str(worker.number), str(len(self._workers)), str(worker.core)),
            ],
            pass_fds=numbers,
            env=environment(),
            stdin=subprocess.DEVNULL,
        )
        far.close()
        worker.process, worker.version = process, ""
        worker.started_at = time.monotonic()
        self._selector.register(worker.end, selectors.EVENT_READ, worker)
        self._offer(worker, {"settings": self._settings.as_dict()})

    def _offer(self, worker: Worker, message: dict[str, Any]) -> None:
        """Send the current version to a worker."""
        version = self._live._current()
        worker.offered = version.name
        if worker.end is not None:
            channel.send(worker.end, message, version.descriptor)

    def _hangs(self, worker: Worker, now: float) -> bool:
        beat = self._counters.heartbeat(worker.number)
        if not beat:
            return now - worker.started_at > START_SECONDS
        return now - beat > HANG_SECONDS

    def _bury(self, worker: Worker) -> None:
        """Note the end of a worker, and when to start its replacement."""
        assert worker.process is not None
        code, worker.process = worker.process.returncode, None
        if worker.end is not None:
            while worker.end is not None and _has_message(worker.end):
                self._hear(worker)
        if worker.end is not None:
            self._selector.unregister(worker.end)
            worker.end.close()
            worker.end = None
        if not self._draining:
            _say(f"worker {worker.number} ended with {_described(code)} and is replaced")
        worker.failures = 0 if worker.version else worker.failures + 1
        delay = min(0.1 * 2**worker.failures, MOST_BACKOFF) if worker.failures else 0.0
        worker.start_at, worker.version = time.monotonic() + delay, ""

    # The end

    def _drain(self) -> None:
        if not self._draining:
            self._draining = True
            _say("draining")
        for worker in self._workers:
            if worker.end is not None:
                channel.send(worker.end, {"drain": True})

    def _kill_all(self) -> None:
        for worker in self._workers:
            if worker.process is not None:
                worker.process.kill()

    def _end(self) -> None:
        """Leave no process and no socket."""
        self._kill_all()
        for worker in self._workers:
            if worker.process is not None:
                worker.process.wait()
            if worker.end is not None:
                worker.end.close()
        self._live.close()
        self._selector.close()
        for own in (*self.sockets, self._wakeup, self._waker):
            own.close()
        os.close(self._memory)

    # Signals

    @contextlib.contextmanager
    def _handling_signals(self) -> Iterator[None]:
        """Collect signals; the wakeup socket ends the wait of the loop."""
        handled = signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD
        old = {
            number: signal.signal(number, lambda number, _: self._signals.append(number))
            for number in handled
        }
        descriptor = signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(descriptor)
            for number, handler in old.items():
                signal.signal(number, handler)

    def _wake(self) -> None:
        with contextlib.suppress(OSError):
            self._waker.send(b"\0")


def serve(settings: Settings) -> int:
    """Serve until SIGTERM; return the exit code."""
    return Supervisor(settings).run()


def listening_sockets(host: str, port: int, count: int) -> list[socket.socket]:
    """Return sockets that share one port: the kernel spreads connections over them.

    Raises:
        ArgumentError: The host is unknown.
        OSError: The port is in use.
    """
    if not hasattr(socket, "SO_REUSEPORT"):
        raise UnsupportedError("this system has no SO_REUSEPORT, which workers need", "port")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:
        raise ArgumentError(f"host is {host!r}, which is unknown: {error}", "host") from None
    with socket.socket(family, kind, protocol) as probe:  # SO_REUSEPORT would join another service
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _bind(probe, address)
    sockets = []
    for _ in range(count):
        own = socket.socket(family, kind, protocol)
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sockets.append(own)
        _bind(own, address)
        own.listen(BACKLOG)
        address = own.getsockname()  # the port that the system chose for 0
    return sockets


def _bind(own: socket.socket, address: Any) -> None:
    try:
        own.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ArgumentError(
                f"port {address[1]} is in use at {address[0]}: choose another one", "port"
            ) from None
        raise ArgumentError(
            f"host {address[0]} and port {address[1]} can't be bound: {error.strerror}", "host"
        ) from None


def _raise_descriptor_limit() -> None:
    """Allow as many connections as the system permits; workers inherit the limit."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _has_message(end: socket.socket) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(end, selectors.EVENT_READ)
        return bool(selector.select(0))


def _described(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _say(text: str) -> None:
    print(f"vecq serve: {text}", file=sys.stderr, flush=True)
