"""Progress of long work: a callback or a bar."""

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from vecq.core.errors import ArgumentError

Progress = Callable[[int, int], object] | bool | None

# Delay of a bar that the caller did not ask for, in seconds.
PATIENCE = 1.0


class Report:
    """Reports the progress of a piece of work to a callback or a bar."""

    seconds = staticmethod(time.perf_counter)

    def __init__(
        self,
        progress: Progress,
        total: int,
        unit: str = " items",
        notable: int = 0,
        label: str | None = None,
    ) -> None:
        """A caller who did not ask for a bar gets one for a total of at least `notable`.

        A total of 0 is unknown. `label` names the work at the bar.
        """
        if not (progress is None or isinstance(progress, bool) or callable(progress)):
            raise ArgumentError(
                f"progress is {progress!r}, expected a function of done and total, True or False",
                "progress",
            )
        self._function = progress if callable(progress) else None
        self._unit, self._notable, self._label = unit, notable, label
        self._waits = progress is None
        self._bar = self._open_bar(total, asked=True) if progress is True else None

    def __call__(self, done: int, total: int) -> None:
        if self._function:
            self._function(done, total)
        if self._waits and total >= self._notable:
            self._waits = False
            self._bar = self._open_bar(total, asked=False)
        if self._bar is not None:
            self._bar.total = total or None
            self._bar.update(done - self._bar.n)

    def _open_bar(self, total: int, *, asked: bool) -> Any:
        return _bar(total or None, self._unit, self._label, asked=asked)

    def note(self, text: str) -> None:
        """Show a text beside the bar, if there is one."""
        if self._bar is not None:
            self._bar.set_postfix_str(text, refresh=False)
            if time.time() >= self._bar.start_t + self._bar.delay:
                self._bar.refresh()

    def __enter__(self) -> "Report":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()


def _bar(total: int | None, unit: str, label: str | None, *, asked: bool) -> Any:
    """Return a tqdm bar; None if tqdm is missing or stderr is no terminal and nobody asked."""
    if not asked and not sys.stderr.isatty():
        return None
    try:
        from tqdm.auto import tqdm  # type: ignore[import-untyped]
    except ImportError:
        if asked:
            raise ArgumentError(
                "progress is True, but tqdm is not installed: pip install tqdm", "progress"
            ) from None
        return None
    delay = 0 if asked else PATIENCE
    return tqdm(total=total, desc=label, unit=unit, unit_scale=True, delay=delay)
