"""A contender in its own process, where a crash harms nothing else.

Everything that is asked of it runs there, timing included: the clock stops before an answer is
sent. An exception there is raised here; after a crash, every request raises LostError.
"""

import multiprocessing
import signal
import tempfile
from contextlib import ExitStack, suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from vecq.bench.adapters import Adapter, Setting, Spec
from vecq.bench.contender import Contender
from vecq.bench.records import Build
from vecq.bench.regimes import Regime, Timing
from vecq.bench.subprocess_call import LostError, one_line, receive, send_result
from vecq.datasets import Dataset, load, save

# Seconds to start or answer a request, and to exit. Building has no limit.
PATIENCE, GRACE = 600.0, 10.0


class Stub(Adapter):
    """The attributes of an adapter in another process."""

    shared = False

    @classmethod
    def of(cls, adapter: Adapter) -> "Stub":
        stub = cls()
        for name in ("name", "family", "system"):
            setattr(stub, name, str(getattr(adapter, name)))
        stub.codec = adapter.codec and str(adapter.codec)
        stub.settings = dict(adapter.settings)
        for name in ("concurrent", "batched", "shared"):
            setattr(stub, name, bool(getattr(adapter, name)))
        return stub


class SubprocessContender(Contender):
    """A contender in another process, such as a user's class."""

    def __init__(self, spec: Spec, data: Dataset) -> None:
        self.spec, self.data, self.name = spec, data, spec.target
        self.adapter = Stub()
        self.queries = np.empty((0, 0), np.float32)
        self._saved = None
        self._started = ExitStack()
        self._lost = "it was not started"  # why it can't answer; "" while it runs

    def enter(self, threads: int) -> Build:
        record = Build(
            *(self.data.name, self.name, {}, "peer", None),
            *(None, threads, None, None, None),
        )
        try:
            self._start()
            self.adapter = self._answer(PATIENCE)
            if self.adapter.name != Adapter.name:
                self.name = self.adapter.name
            record = self._ask("enter", threads, seconds=None)
            record.contender = self.name
            if record.error is None:
                self.queries = self._ask("prepared")
        except Exception as error:
            record.error, record.contender = one_line(error), self.name
        return record

    def ladder(self, k: int) -> list[Setting]:
        found: list[Setting] = self._ask("ladder", k)
        return found

    def measure(self, regime: Regime, k: int, setting: Setting) -> Timing:
        if regime.name == "processes":  # these open the saved index, and are controlled from here
            return regime.measure(self, k, setting)
        found: Timing = self._ask("measure", regime, k, setting)
        return found

    def business(self, k: int, setting: Setting, threads: int) -> dict[str, float] | None:
        found: dict[str, float] | None = self._ask("business", k, setting, threads)
        return found

    def close(self) -> None:
        with self._started:
            if not self._lost:
                self._ask("close", seconds=GRACE)

    def _start(self) -> None:
        folder = self._started.enter_context(tempfile.TemporaryDirectory(prefix="vecq-contender-"))
        save(replace(self.data, neighbors=None, distances=None), folder)
        context = multiprocessing.get_context("spawn")
        self._pipe, far = context.Pipe()
        # Not a daemon: those may not start processes of their own.
        self._process = context.Process(target=_serve, args=(far, self.spec, Path(folder)))
        self._process.start()
        self._started.callback(self._end)
        self._lost = ""
        far.close()

    def _end(self) -> None:
        self._pipe.close()
        self._process.kill()
        self._process.join()

    def _save(self, path: Path) -> None:
        self._ask("_save", path)

    def _ask(self, method: str, *arguments: Any, seconds: float | None = PATIENCE) -> Any:
        if self._lost:
            raise LostError(self._lost)
        with suppress(ConnectionError):  # it has ended: receiving tells how
            self._pipe.send((method, arguments))
        return self._answer(seconds)

    def _answer(self, seconds: float | None) -> Any:
        try:
            return receive(self._process, self._pipe, seconds)
        except LostError as error:
            self._lost = str(error)
            self._process.kill()
            raise


def _serve(far: Connection, spec: Spec, home: Path) -> None:
    """Serve requests until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal
    made: list[Contender] = []

    def begin() -> Stub:
        contender = Contender(spec, load(home))
        made.append(contender)
        return Stub.of(contender.adapter)

    try:
        send_result(far, begin)
        while made:
            method, arguments = far.recv()
            send_result(far, getattr(made[0], method), *arguments)
    except (EOFError, ConnectionError):
        return
