"""Curves of recall against queries per second, interpolated between measured points only."""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vecq.bench.records import Point

# Recalls to compare at, in order of preference.
LEVELS = (0.95, 0.99, 0.9, 0.98, 0.8, 0.7, 0.6, 0.5, 0.999)

# Relative noise of speeds that were measured once, and the least between two runs.
ASSUMED_NOISE = 0.05

Reading = Callable[[Point], float]


def median(point: Point) -> float:
    return point.speed


def fastest(point: Point) -> float:
    return max(point.qps, default=0.0)


def slowest(point: Point) -> float:
    return min(point.qps, default=0.0)


READINGS = (median, slowest, fastest)


def sound(point: Point) -> bool:
    """Whether a point counts: it was measured, and its answers have no faults.

    Missing results are no fault here, since they lower recall already.
    """
    faults = point.error or point.duplicates or point.invalid
    return point.recall is not None and point.speed > 0 and not faults


@dataclass(frozen=True)
class Regime:
    """How queries arrived, on which data: curves of one regime are comparable."""

    data: str
    k: int
    name: str
    threads: int
    processes: int

    @classmethod
    def of(cls, point: Point) -> "Regime":
        return cls(point.data, point.k, point.regime, point.threads, point.processes)

    def __str__(self) -> str:
        threads = f", {self.threads} threads" if self.threads > 1 else ""
        return {
            "single": f"one query per call{threads}",
            "batch": f"all queries in one call{threads}",
            "concurrent": f"{self.threads} clients at once",
            "processes": f"{self.processes} process{'es' * (self.processes > 1)}, one index",
        }.get(self.name, self.name)


@dataclass(frozen=True)
class Curve:
    """A contender in one regime, or all its variants: measured points by rising recall."""

    contender: str
    regime: Regime
    points: tuple[Point, ...]

    @classmethod
    def of(cls, contender: str, regime: Regime, points: Sequence[Point]) -> "Curve":
        """Make a curve of the points without faults."""
        return cls(contender, regime, tuple(sorted(filter(sound, points), key=_recall)))

    @property
    def repeated(self) -> bool:
        """Whether repetitions tell the noise."""
        return all(len(point.qps) > 1 for point in self.points)

    @property
    def spread(self) -> float:
        """The widest range of repetitions among all points, as a share of the median."""
        return max((point.spread for point in self.points), default=0.0)

    @property
    def best(self) -> float:
        return max(map(_recall, self.points), default=0.0)

    @property
    def front(self) -> list[Point]:
        """The Pareto front: points that no other beats in both recall and speed."""
        front: list[Point] = []
        for point in reversed(self.points):
            if not front or point.speed > front[-1].speed:
                if front and _recall(front[-1]) == _recall(point):
                    front.pop()
                front.append(point)
        return front[::-1]

    def at(self, recall: float, value: Reading = median) -> float | None:
        """Interpolate the logarithm of a value at a recall; None outside the measured range."""
        front = self.front
        if len(front) == 1 and _recall(front[0]) == recall:
            return value(front[0])
        for low, high in itertools.pairwise(front):
            if _recall(low) <= recall <= _recall(high):
                part = (recall - _recall(low)) / (_recall(high) - _recall(low))
                a, b = value(low), value(high)
                return a * math.pow(b / a, part) if a > 0 and b > 0 else None
        return None

    def reaching(self, recall: float) -> Point | None:
        """Return the fastest measured point of at least that recall."""
        return next((point for point in self.front if _recall(point) >= recall), None)


def common_level(curves: Sequence[Curve]) -> float | None:
    """Return a recall within the measured range of all curves, or None.

    That is the first usual level in the range, or else the lower end of the range.
    """
    if not curves or not all(curve.points for curve in curves):
        return None
    low = max(_recall(curve.front[0]) for curve in curves)
    high = min(_recall(curve.front[-1]) for curve in curves)
    if low > high:
        return None
    return next((level for level in LEVELS if low <= level <= high), low)


@dataclass(frozen=True)
class Ratio:
    """The ratio of two median speeds at equal recall, and its range over repetitions."""

    level: float
    value: float
    low: float
    high: float
    repeated: bool
    is_above: bool = False  # our recall is higher than the level, which is the other's

    @property
    def even(self) -> bool:
        """Whether the difference is within the noise, which is assumed if measured once."""
        if self.repeated:
            return self.low <= 1 <= self.high
        return abs(self.value - 1) <= ASSUMED_NOISE


def ratio(ours: Curve, other: Curve) -> Ratio | None:
    """Compare speeds at equal recall; None if the measured ranges do not overlap."""
    level = common_level([ours, other])
    if level is None:
        return None
    values = [curve.at(level, reading) for curve in (ours, other) for reading in READINGS]
    known = [value for value in values if value]
    if len(known) < len(values):
        return None
    middle, low, high, its_middle, its_low, its_high = known
    repeated = ours.repeated and other.repeated
    return Ratio(level, middle / its_middle, low / its_high, high / its_low, repeated)


def ratio_above(ours: Curve, other: Curve) -> Ratio | None:
    """Compare at the highest usual recall of a curve that ends below the first recall of ours."""
    if not ours.points or not other.points or other.best >= _recall(ours.front[0]):
        return None
    mine = ours.front[0]
    level = max((one for one in LEVELS if other.at(one) is not None), default=other.best)
    its = [other.at(level, reading) or reading(other.front[-1]) for reading in READINGS]
    middle, low, high = (reading(mine) for reading in READINGS)
    repeated = ours.repeated and other.repeated
    return Ratio(level, middle / its[0], low / its[2], high / its[1], repeated, is_above=True)


def _recall(point: Point) -> float:
    return point.recall or 0.0
