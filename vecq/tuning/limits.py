"""Limits of tuning: memory of the index, time, and number of trials."""

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
    """Limits of `vecq.tune`; None stands for no limit.

    Args:
        memory: Size of the index, as in `Index.stats().bytes`: bytes, or a text such as "2GB".
        time: Seconds of tuning. A build that is under way when time is up is dropped.
        trials: Number of settings to measure.

    Raises:
        ArgumentError: A limit is not positive or has the wrong type.

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
        """The limit of memory in bytes."""
        return None if self.memory is None else _bytes(self.memory)


class LimitError(Exception):
    """Ends tuning. `limit` is "time", "trials", or "draws" if a strategy ran out of draws."""

    def __init__(self, limit: str) -> None:
        super().__init__(limit)
        self.limit = limit


class Clock:
    """Measures the time of tuning, ends it at a limit, and passes on progress.

    Args:
        seconds: The limit. None: no limit.
        listen: Called with an activity and its progress, 0 to 1. Default: nothing.
    """

    def __init__(
        self, seconds: float | None, listen: Callable[[str, float], object] | None = None
    ) -> None:
        self._listen = listen
        self._start = time.monotonic()
        self._end = float("inf") if seconds is None else self._start + seconds

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._start

    @property
    def left(self) -> float:
        """Seconds until the limit."""
        return self._end - time.monotonic()

    def check(self) -> None:
        """Raise LimitError if time is up."""
        if self.left <= 0:
            raise LimitError("time")

    def watch(self, activity: str) -> Callable[[int, int], None]:
        """Return a progress function for an activity, which ends it when time is up."""

        def step(done: int, total: int) -> None:
            self.check()
            if self._listen is not None:
                self._listen(activity, done / max(total, 1))

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
            raise ArgumentError(f"memory is {memory!r}, expected at least one byte", "memory")
        return count
    return whole(memory, "memory", 1, 2**62)
