"""What tuning may take, and what the index may weigh."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from vecq.core.arguments import real, whole
from vecq.core.errors import ArgumentError

UNITS = {"": 1, "K": 1000, "M": 1000**2, "G": 1000**3, "T": 1000**4}
BINARY = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}
SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Limits:
    """What must not be exceeded; None is no limit.

    Args:
        memory: of the index, as `Index.stats().bytes` tells it: a number of bytes, or "2GB".
        time: of tuning, in seconds; graphs that are being built then are given up.
        trials: settings that are measured at most.

    >>> vecq.Limits(memory="2GB", time=600).bytes
    2000000000
    """

    memory: int | str | None = None
    time: float | None = None
    trials: int | None = None

    def __post_init__(self) -> None:
        for name in ("memory", "time", "trials"):
            if isinstance(getattr(self, name), bool):
                raise ArgumentError(f"{name} is {getattr(self, name)}, expected a number", name)
        if self.memory is not None:
            _bytes(self.memory)
        if self.time is not None and not 0 < real(self.time, "time") < float("inf"):
            raise ArgumentError(f"time is {self.time!r}, expected seconds above 0", "time")
        if self.trials is not None:
            whole(self.trials, "trials", 1, 1_000_000)

    @property
    def bytes(self) -> int | None:
        return None if self.memory is None else _bytes(self.memory)


class LimitError(Exception):
    """Tuning has to end; `limit` is "time" or "trials"; or "draws", of strategies that draw."""

    def __init__(self, limit: str) -> None:
        super().__init__(limit)
        self.limit = limit


class Clock:
    """How long tuning has taken, and may yet; passes on what goes on meanwhile."""

    def __init__(
        self, seconds: float | None, listen: Callable[[str, float], object] | None = None
    ) -> None:
        self._listen = listen
        self._start = time.monotonic()
        self._end = float("inf") if seconds is None else self._start + seconds

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._start

    @property
    def left(self) -> float:
        return self._end - time.monotonic()

    def check(self) -> None:
        if self.left <= 0:
            raise LimitError("time")

    def watch(self, what: str) -> Callable[[int, int], None]:
        """A progress function for one piece of work, which ends it when time is up."""

        def step(done: int, total: int) -> None:
            self.check()
            if self._listen is not None:
                self._listen(what, done / max(total, 1))

        return step


def _bytes(memory: int | str) -> int:
    if isinstance(memory, str):
        match = SIZE.fullmatch(memory)
        if match is None:
            raise ArgumentError(
                f'memory is {memory!r}, expected bytes or a text such as "2GB" or "512MiB"',
                "memory",
            )
        units = BINARY if match[3] else UNITS
        count = int(float(match[1]) * units[match[2].upper()])
        if count < 1:
            raise ArgumentError(f"memory is {memory!r}, expected a byte at least", "memory")
        return count
    return whole(memory, "memory", 1, 2**62)
