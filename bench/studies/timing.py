"""Interleaved timing in random order: medians and ranges, so that noise is visible."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Works = Mapping[str, Callable[[], object]]


@dataclass(frozen=True)
class Timing:
    """Seconds of one work in every repetition."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def spread(self) -> float:
        """Range of the repetitions, as a share of the median."""
        return (max(self.seconds) - min(self.seconds)) / self.median

    def rate(self, count: int) -> dict[str, Any]:
        """Return items per second: the median, and the spread."""
        return {"median": count / self.median, "spread": self.spread}


def interleaved(works: Works, repetitions: int = 5, seed: int = 0) -> dict[str, Timing]:
    """Time works in rounds, each in a new random order; a first round warms up.

    Args:
        works: Functions by name.
        repetitions: The number of timed rounds. Default: 5.
        seed: Of the order. Default: 0.

    Returns:
        The seconds of each work; those of round i are comparable.
    """
    times: dict[str, list[float]] = {name: [] for name in works}
    rng = np.random.default_rng(seed)
    for repetition in range(repetitions + 1):
        for name in rng.permutation(list(works)).tolist():
            start = time.perf_counter()
            works[name]()
            if repetition > 0:
                times[name].append(time.perf_counter() - start)
    return {name: Timing(tuple(found)) for name, found in times.items()}


def seconds_of(work: Callable[[], object]) -> float:
    """Time a work once."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def shown(rate: Mapping[str, float]) -> str:
    """Format the median and the spread of a rate."""
    return f"{rate['median']:,.0f} (spread {rate['spread']:.0%})"
