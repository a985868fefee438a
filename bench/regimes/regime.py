"""What regimes have in common."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from vecq.bench.adapters import Setting
from vecq.bench.contestant import Contestant
from vecq.bench.records import Regime as Name

WARM_UP = 32
# Where queries come one at a time, so many of them are asked, spread over the set.
SAMPLE = 500


@dataclass
class Timing:
    """One measurement: queries that were answered in so many seconds."""

    queries: int
    seconds: float
    latencies: NDArray[np.float64] | None = None
    # Answers to `rows` of the queries, in their order, and what the walks cost all of them.
    ids: Any = None
    scores: Any = None
    counts: tuple[int, int] | None = None


class Regime:
    """A way in which queries come. `rows` tells which of them are asked."""

    name: ClassVar[Name]
    turns: ClassVar[int | None] = None  # walks that take turns on a thread, where limits are known
    threads = processes = 1

    def __init__(self, queries: int) -> None:
        self.rows = slice(None, None, -(-queries // SAMPLE))

    def refusal(self, contestant: Contestant) -> str | None:
        """Why a contestant can't take part, if it can't."""
        return None

    def measure(self, contestant: Contestant, k: int, setting: Setting) -> Timing:
        """Searches once with a setting."""
        raise NotImplementedError

    def close(self) -> None:
        """Lets go of what was started."""


def timing(
    contestant: Contestant,
    answers: list[Any],
    seconds: float,
    latencies: NDArray[np.float64] | None = None,
    counts: tuple[int, int] | None = None,
) -> Timing:
    """Unpacks the answers of an adapter."""
    adapter = contestant.adapter
    ids = [np.asarray(adapter.ids(answer)) for answer in answers]
    scores = [adapter.scores(answer) for answer in answers]
    known = None if any(one is None for one in scores) else stacked(scores)
    found = stacked(ids)
    return Timing(len(found), seconds, latencies, found, known, counts)


def stacked(parts: list[Any]) -> NDArray[Any]:
    """Rows of several answers under each other; shorter ones are refused, for they are faulty."""
    shapes = {np.shape(part)[1:] for part in parts}
    if len(shapes) > 1:
        raise ValueError(f"answers are of different shapes: {sorted(shapes)}")
    return np.concatenate([np.asarray(part) for part in parts])
