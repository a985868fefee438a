"""What a run is doing, on stderr: a moving line of rich in a terminal, plain lines elsewhere."""

import sys
import time
from types import TracebackType
from typing import Any

# Plain lines come no more often than this, in seconds, if they say how far something is.
PACE = 5.0


class Progress:
    """Tells what is being done.

    >>> with Progress() as progress:
    ...     progress.stage("building hnswlib")
    """

    def __init__(self, quiet: bool = False) -> None:
        self._quiet, self._stage, self._last = quiet, "", 0.0
        self._status = None if quiet else _status()

    def stage(self, text: str) -> None:
        """Something new begins."""
        self._stage = text
        self._show(text)

    def step(self, text: str) -> None:
        """The same, one step further."""
        if self._status is not None or time.monotonic() - self._last >= PACE:
            self._show(f"{self._stage}: {text}")

    def _show(self, text: str) -> None:
        self._last = time.monotonic()
        if self._status is not None:
            self._status.update(text)
        elif not self._quiet:
            print(text, file=sys.stderr, flush=True)

    def __enter__(self) -> "Progress":
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._status is not None:
            self._status.stop()


def _status() -> Any:
    """A moving line of rich; none if it is missing, or if nobody would see it move."""
    if not sys.stderr.isatty():
        return None
    try:
        from rich.console import Console
    except ImportError:
        return None
    return Console(stderr=True).status("")
