"""Recall against median QPS, read at equal recall, for the tables of the study `core`."""

from collections.abc import Iterable
from dataclasses import dataclass

from vecq.bench.records import ENDINGS, Build, Point, Record
from vecq.bench.report import curves as measured

# Names of the regimes in the tables.
MODES = {"online": "single", "batched": "batch"}
# Marks in a table, by the reason why a curve ends.
MARKS = {"time": "slow", "saturation": "max", "ladder": "end"}


@dataclass(frozen=True)
class Reading:
    """A point on a curve; hops and distances are per query."""

    recall: float
    qps: float
    hops: float | None
    distances: float | None


class Curve:
    """The points of a system in one mode, and why there are no more."""

    def __init__(self, system: str, points: list[Point]) -> None:
        self.system = system
        self.measured = measured.Curve.of(system, measured.Regime.of(points[0]), points)
        endings = {point.contender: point.ended for point in points if point.ended}
        best = self.measured.points[-1].contender if self.measured.points else ""
        self.ended = endings.get(best)

    @property
    def recalls(self) -> dict[int, float]:
        """Recall by ef."""
        return {point.setting["ef"]: point.recall or 0.0 for point in self.measured.points}

    @property
    def start(self) -> float:
        """The lowest recall on the Pareto front."""
        return next((point.recall or 0.0 for point in self.measured.front), 0.0)

    @property
    def best(self) -> Point | None:
        """The point of the highest recall."""
        return next(reversed(self.measured.points), None)

    def variant(self, recall: float) -> str:
        """Return the contender that is the fastest at a recall, or that finds the most."""
        point = self.measured.reaching(recall) or self.best
        return self.system if point is None else point.contender

    def at(self, recall: float) -> Reading | None:
        """Interpolate at a recall; None beyond the curve, its first point before the curve."""
        level = max(recall, self.start)
        qps = self.measured.at(level)
        if qps is None:
            return None
        counted = all(point.hops and point.distances for point in self.measured.points)
        hops = self.measured.at(level, lambda point: point.hops or 0.0) if counted else None
        scored = self.measured.at(level, lambda point: point.distances or 0.0) if counted else None
        return Reading(level, qps, hops, scored)

    def speed(self, recall: float) -> str:
        """Format the QPS at a recall, for a table."""
        point = self.at(recall)
        if point is None:
            return f"{MARKS.get(self.ended or '', 'best')} {self.measured.best:.3f}"
        return f"{point.qps:,.0f}{'*' if self.start > recall else ''}"

    def distances(self, recall: float) -> str:
        """Format the distances per query at a recall, for a table."""
        point = self.at(recall)
        return "-" if point is None or point.distances is None else f"{point.distances:,.0f}"

    def ending(self) -> str:
        """Describe where the curve ends, and why."""
        how = ENDINGS.get(self.ended or "", "was stopped at")
        return f"{self.system} {how} {self.measured.best:.3f}"


Curves = dict[tuple[str, str, int], Curve]


def curves_of(records: Iterable[Record]) -> Curves:
    """Return the curves of one data set, by system, mode and k; variants in M share one."""
    found = list(records)
    systems = {one.contender: one.group for one in found if isinstance(one, Build)}
    modes = {regime: mode for mode, regime in MODES.items()}
    points: dict[tuple[str, str, int], list[Point]] = {}
    for point in found:
        if isinstance(point, Point):
            system = systems.get(point.contender, point.contender)
            points.setdefault((system, modes[point.regime], point.k), []).append(point)
    return {key: Curve(key[0], own) for key, own in points.items()}


def compare(ours: Curve, peer: Curve, recall: float) -> tuple[float | None, str]:
    """Return our QPS over the peer's at a recall, and the conditions of the comparison.

    Where a curve begins above the recall, both are compared at the higher start. If the peer ends
    below the recall or below our start, the ratio to its most accurate point is a lower bound,
    since ours finds more.
    """
    mine = ours.at(recall)
    if mine is None or ours.best is None:
        return None, ours.ending()
    begin = max(recall, ours.start, peer.start)
    if peer.measured.best >= begin:
        mine, its = ours.at(begin), peer.at(begin)
        if mine is None:
            return None, f"{ours.ending()}, below the start of {peer.system} at {begin:.3f}"
        note = f"at {begin:.3f}, where both curves have begun" if begin > recall else ""
        return (mine.qps / its.qps if its else None), note
    best = peer.best.speed if peer.best else 0.0
    note = f"at least: {peer.ending()}"
    if ours.start > recall:
        note += f", and {ours.system} begins at {ours.start:.3f}"
    return (mine.qps / best if best else None), note
