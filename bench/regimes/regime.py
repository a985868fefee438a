"""The interface of regimes, and the timing that all of them return."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from vecq.bench.adapters import Setting
from vecq.bench.contender import Contender
from vecq.bench.records import Regime as Name

WARM_UP = 32
# Queries that are used where they arrive one at a time, spread evenly over the set.
SAMPLE = 500


@dataclass
class Timing:
    """One measurement: the number of queries and the seconds that they took."""

    queries: int
    seconds: float
    latencies: NDArray[np.float64] | None = None
    # Answers to the queries of `Regime.rows`, in their order, and their hops and distances.
    ids: Any = None
    scores: Any = None
    counts: tuple[int, int] | None = None


class Regime:
    """A way in which queries arrive. `rows` selects the queries that are used."""

    name: ClassVar[Name]
    interleave: ClassVar[int | None] = None  # searches interleaved per thread; None: unknown
    threads = processes = 1

    def __init__(self, queries: int) -> None:
        self.rows = slice(None, None, -(-queries // SAMPLE))

    def refusal(self, contender: Contender) -> str | None:
        """Return why a contender can't be measured, or None."""
        return None

    def measure(self, contender: Contender, k: int, setting: Setting) -> Timing:
        """Run all searches once with a setting."""
        raise NotImplementedError

    def close(self) -> None:
        """Release processes and files."""


def timing(
    contender: Contender,
    answers: list[Any],
    seconds: float,
    latencies: NDArray[np.float64] | None = None,
    counts: tuple[int, int] | None = None,
) -> Timing:
    """Make a timing from the answers of an adapter."""
    adapter = contender.adapter
    ids = [np.asarray(adapter.ids(answer)) for answer in answers]
    scores = [adapter.scores(answer) for answer in answers]
    known = None if any(one is None for one in scores) else stacked(scores)
    found = stacked(ids)
    return Timing(len(found), seconds, latencies, found, known, counts)


def stacked(parts: list[Any]) -> NDArray[Any]:
    """Stack the rows of several answers; raise if their widths differ."""
    shapes = {np.shape(part)[1:] for part in parts}
    if len(shapes) > 1:
        raise ValueError(f"answers have different shapes: {sorted(shapes)}")
    return np.concatenate([np.asarray(part) for part in parts])
