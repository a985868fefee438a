"""Recall against queries per second, read at equal recall, for the tables of bench.core."""

from collections.abc import Iterable
from dataclasses import dataclass

from vecq.bench.records import Point, Record
from vecq.bench.report import curves as measured

# What the tables call the regimes.
MODES = {"online": "single", "batched": "batch"}


@dataclass(frozen=True)
class Reading:
    """A point of a curve, or one between two; hops and distances are per query."""

    recall: float
    qps: float
    hops: float | None
    distances: float | None


class Curve:
    """The points of a contender in one mode, and why there are no more."""

    def __init__(self, contender: str, points: list[Point]) -> None:
        self.contender = contender
        self.measured = measured.Curve.of(contender, measured.Regime.of(points[0]), points)
        self.ended = next((point.ended for point in points if point.ended), None)

    @property
    def recalls(self) -> dict[int, float]:
        """Recall by ef."""
        return {point.setting["ef"]: point.recall or 0.0 for point in self.measured.points}

    @property
    def start(self) -> float:
        """The lowest recall that speed was found for."""
        return next((point.recall or 0.0 for point in self.measured.front), 0.0)

    @property
    def best(self) -> Point | None:
        """The point of the highest recall."""
        return next(reversed(self.measured.points), None)

    def at(self, recall: float) -> Reading | None:
        """What is between the neighbors of a recall; None if it is never reached.

        A curve that begins beyond the recall is read at its beginning.
        """
        level = max(recall, self.start)
        qps = self.measured.at(level)
        if qps is None:
            return None
        counted = all(point.hops and point.distances for point in self.measured.points)
        hops = self.measured.at(level, lambda point: point.hops or 0.0) if counted else None
        scored = self.measured.at(level, lambda point: point.distances or 0.0) if counted else None
        return Reading(level, qps, hops, scored)

    def speed(self, recall: float) -> str:
        """QPS at a recall, for a table."""
        point = self.at(recall)
        if point is None:
            return f"{'slow' if self.ended == 'time' else 'max'} {self.measured.best:.3f}"
        return f"{point.qps:,.0f}{'*' if self.start > recall else ''}"

    def distances(self, recall: float) -> str:
        """Distances per query at a recall, for a table."""
        point = self.at(recall)
        return "-" if point is None or point.distances is None else f"{point.distances:,.0f}"

    def failure(self) -> str:
        how = "takes too long" if self.ended == "time" else "stalls"
        return f"{self.contender} {how} at {self.measured.best:.3f}"


Curves = dict[tuple[str, str, int], Curve]


def curves_of(records: Iterable[Record]) -> Curves:
    """The curves of one data set, by contender, mode and k."""
    modes = {regime: mode for mode, regime in MODES.items()}
    points: dict[tuple[str, str, int], list[Point]] = {}
    for point in records:
        if isinstance(point, Point):
            points.setdefault((point.contender, modes[point.regime], point.k), []).append(point)
    return {key: Curve(key[0], found) for key, found in points.items()}


def compare(ours: Curve, peer: Curve, recall: float) -> tuple[float | None, str]:
    """Our QPS over the peer's at equal recall, and what has to be said about it.

    That is a higher one where a curve only begins above the recall. Against a peer that never
    reaches it, the ratio to its best is the least that it can be.
    """
    end = min(ours.measured.best, peer.measured.best)
    level = max(recall, min(end, max(ours.start, peer.start)))
    mine, its = ours.at(level), peer.at(level)
    if mine is None:
        both = f"; {peer.failure()}" if its is None else ""
        return None, ours.failure() + both
    if its is None:
        best = peer.best.speed if peer.best else 0.0
        return (mine.qps / best if best else None), f"at least: {peer.failure()}"
    return mine.qps / its.qps, f"at {level:.3f}, where the curves begin" if level > recall else ""
