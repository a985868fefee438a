"""Curves of recall against queries per second, read between measured points and nowhere else."""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vecq.bench.records import Point

# Recalls to compare at, the one that says most first.
LEVELS = (0.95, 0.99, 0.9, 0.98, 0.8, 0.7, 0.6, 0.5, 0.999)

# Of speeds that were measured once, and the least between two runs.
ASSUMED_NOISE = 0.05

Reading = Callable[[Point], float]


def fastest(point: Point) -> float:
    return point.speed


def slowest(point: Point) -> float:
    """The worst repetition: between it and the best lies the noise."""
    return min(point.qps, default=0.0)


def sound(point: Point) -> bool:
    """Whether a point counts: measured, and with an answer that is in order.

    What is missing from an answer was not found: its recall says so already.
    """
    faults = point.error or point.duplicates or point.invalid
    return point.recall is not None and point.speed > 0 and not faults


@dataclass(frozen=True)
class Regime:
    """How queries came: what makes two curves comparable."""

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
    """A contestant in one regime: its measured points, those of lower recall first."""

    contestant: str
    regime: Regime
    points: tuple[Point, ...]

    @classmethod
    def of(cls, contestant: str, regime: Regime, points: Sequence[Point]) -> "Curve":
        """Leaves out points that are not to be trusted."""
        return cls(contestant, regime, tuple(sorted(filter(sound, points), key=_recall)))

    @property
    def repeated(self) -> bool:
        """Whether the repetitions tell how far noise goes."""
        return all(len(point.qps) > 1 for point in self.points)

    @property
    def spread(self) -> float:
        """How far the repetitions of a point lie apart at most."""
        return max((point.spread for point in self.points), default=0.0)

    @property
    def best(self) -> float:
        return max(map(_recall, self.points), default=0.0)

    @property
    def front(self) -> list[Point]:
        """The points that no other beats in both recall and speed."""
        front: list[Point] = []
        for point in reversed(self.points):
            if not front or point.speed > front[-1].speed:
                if front and _recall(front[-1]) == _recall(point):
                    front.pop()
                front.append(point)
        return front[::-1]

    def at(self, recall: float, value: Reading = fastest) -> float | None:
        """A value at a recall: logarithms are linear in recall between two measured points.

        None outside of what was measured.
        """
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
        """The fastest measured point of at least that recall."""
        return next((point for point in self.front if _recall(point) >= recall), None)


def common_level(curves: Sequence[Curve]) -> float | None:
    """A recall that lies within what was measured of all curves; None if there is none.

    Where no usual one does, it is where the last of them begins: by settings that one would choose.
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
    """One curve's speed over another's at equal recall, and how far noise could move it."""

    level: float
    value: float
    low: float
    high: float
    repeated: bool

    @property
    def even(self) -> bool:
        """Whether the difference is within noise; what was measured once has an assumed one."""
        if self.repeated:
            return self.low <= 1 <= self.high
        return abs(self.value - 1) <= ASSUMED_NOISE


def ratio(ours: Curve, other: Curve) -> Ratio | None:
    """Speed at equal recall; None where the two share no recall."""
    level = common_level([ours, other])
    if level is None:
        return None
    best, worst = ours.at(level), ours.at(level, slowest)
    its_best, its_worst = other.at(level), other.at(level, slowest)
    if not (best and worst and its_best and its_worst):
        return None
    repeated = ours.repeated and other.repeated
    return Ratio(level, best / its_best, worst / its_best, best / its_worst, repeated)


def _recall(point: Point) -> float:
    return point.recall or 0.0
