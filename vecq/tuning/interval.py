"""Between which values the accuracy on queries to come lies, judged by some queries."""

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Of a share that is 0 or 1 for all queries nothing tells how queries differ: each then counts as so
# many independent trials at most.
TRIALS = 4


class Interval(NamedTuple):
    """Holds the true value with the confidence that was asked for."""

    low: float
    high: float

    @property
    def half(self) -> float:
        return (self.high - self.low) / 2

    def __str__(self) -> str:
        return f"{self.low:.4f} to {self.high:.4f}"


def of_share(values: NDArray[np.float64], confidence: float) -> Interval:
    """Wilson's interval of the mean of shares, one for each query.

    The neighbours of a query are found or missed together, so they are no independent trials: how
    many they are worth follows from how much queries differ.

    >>> of_share(numpy.array([1.0, 0.9, 1.0, 1.0] * 25), 0.95)
    Interval(low=0.96..., high=0.98...)
    """
    count, share = len(values), float(values.mean())
    spread = float(values.var(ddof=1)) if count > 1 else 0.0
    possible = share * (1 - share)  # the variance if each query were all or nothing
    trials = count * TRIALS if spread == 0 else max(count * possible / spread, count)
    z = _deviations(confidence)
    middle = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    root = math.sqrt(possible / trials + z * z / (4 * trials * trials))
    half = z * root / (1 + z * z / trials)
    return Interval(max(middle - half, 0.0), min(middle + half, 1.0))


def of_ratio(values: NDArray[np.float64], base: NDArray[np.float64], confidence: float) -> Interval:
    """The interval of mean(values) / mean(base), the two measured on the same queries.

    >>> of_ratio(numpy.array([0.9, 1.0] * 50), numpy.ones(100), 0.95)
    Interval(low=0.94..., high=0.95...)
    """
    count, mean = len(values), float(base.mean())
    if mean == 0:
        return Interval(0.0, 1.0)
    ratio = float(values.mean()) / mean
    off = (values - ratio * base) / mean
    spread = float(off.std(ddof=1)) if count > 1 else 0.0
    # If no query lost anything, one in so many may yet.
    least = 1 / (TRIALS * count)
    half = _deviations(confidence) * max(spread / math.sqrt(count), least)
    return Interval(ratio - half, ratio + half)


def _deviations(confidence: float) -> float:
    return NormalDist().inv_cdf((1 + confidence) / 2)
