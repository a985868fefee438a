"""Progress on stderr: a status line by rich in a terminal, plain lines elsewhere."""

import sys
import time
from types import TracebackType
from typing import Any

# Least seconds between two plain lines of `step`.
INTERVAL = 5.0


class Progress:
    """Shows the current stage of a run.

    >>> with Progress() as progress:
    ...     progress.stage("building hnswlib")
    """

    def __init__(self, quiet: bool = False) -> None:
        self._quiet, self._stage, self._last = quiet, "", 0.0
        self._status = None if quiet else _status()

    def stage(self, text: str) -> None:
        """Begin a new stage."""
        self._stage = text
        self._show(text)

    def step(self, text: str) -> None:
        """Show a step within the stage."""
        if self._status is not None or time.monotonic() - self._last >= INTERVAL:
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
    """Return a status line of rich; None without rich or a terminal."""
    if not sys.stderr.isatty():
        return None
    try:
        from rich.console import Console
    except ImportError:
        return None
    return Console(stderr=True).status("")
