"""Recall against queries per second: sweeps over ef, and readings at equal recall."""

import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq.bench.contest import Contestant

MODES = ("online", "batched")
ONLINE_QUERIES, WARM_UP = 500, 32
# A curve is not followed beyond this recall, nor beyond a point that takes this many seconds.
RECALL_ENOUGH, SECONDS_ENOUGH = 0.995, 3.0


def ladder(first: int, last: int) -> list[int]:
    """Values of ef that double with every second step."""
    steps = 2 * int(np.log2(last / first))
    return [round(first * 2 ** (step / 2)) for step in range(steps + 1)]


LADDERS = {10: ladder(10, 640), 100: ladder(100, 1600)}


@dataclass
class Point:
    """A value of ef, or one between two; hops and distances are per query."""

    ef: float
    recall: float
    qps: float
    hops: float | None
    distances: float | None


@dataclass
class Curve:
    contestant: str
    mode: str
    k: int
    points: dict[int, Point] = field(default_factory=dict)  # by ef, upwards
    ended: str = ""  # by "recall", "time" or, at the end of the ladder, nothing

    @property
    def start(self) -> float:
        """Recall at the smallest ef."""
        return next((point.recall for point in self.points.values()), 0.0)

    @property
    def best(self) -> Point:
        """The point of the highest recall."""
        points = self.points.values()
        return max(points, key=lambda point: point.recall, default=Point(0, 0.0, 0.0, None, None))

    def at(self, recall: float) -> Point | None:
        """What is between the neighbours of a recall; None if it is never reached.

        A curve that begins beyond the recall is read at its beginning.
        """
        before = None
        for point in self.points.values():
            if point.recall >= recall:
                return point if before is None else between(before, point, recall)
            before = point
        return None

    def speed(self, recall: float) -> str:
        """QPS at a recall, for a table."""
        point = self.at(recall)
        if point is None:
            return f"{'slow' if self.ended == 'time' else 'max'} {self.best.recall:.3f}"
        return f"{point.qps:,.0f}{'*' if self.start > recall else ''}"

    def distances(self, recall: float) -> str:
        """Distances per query at a recall, for a table."""
        point = self.at(recall)
        return "-" if point is None or point.distances is None else f"{point.distances:,.0f}"

    def summary(self) -> dict[str, object]:
        return asdict(self) | {"points": [asdict(point) for point in self.points.values()]}

    def failure(self) -> str:
        how = "takes too long" if self.ended == "time" else "stalls"
        return f"{self.contestant} {how} at {self.best.recall:.3f}"


Curves = dict[tuple[str, str, int], Curve]


def between(low: Point, high: Point, recall: float) -> Point:
    """The point at a recall: logarithms are linear in recall."""
    share = (recall - low.recall) / (high.recall - low.recall)

    def blend(a: float | None, b: float | None) -> float | None:
        return float(a * (b / a) ** share) if a and b else None

    names = ("ef", "qps", "hops", "distances")
    values = {name: blend(getattr(low, name), getattr(high, name)) for name in names}
    return Point(recall=recall, **values)  # type: ignore[arg-type]


def compare(ours: Curve, peer: Curve, recall: float) -> tuple[float | None, str]:
    """Our QPS over the peer's at equal recall, and what has to be said about it.

    That is a higher one where a curve only begins above the recall. Against a peer that never
    reaches it, the ratio to its best is the least that it can be.
    """
    end = min(ours.best.recall, peer.best.recall)
    level = max(recall, min(end, max(ours.start, peer.start)))
    mine, its = ours.at(level), peer.at(level)
    if mine is None:
        both = f"; {peer.failure()}" if its is None else ""
        return None, ours.failure() + both
    if its is None:
        best = peer.best.qps
        return (mine.qps / best if best else None), f"at least: {peer.failure()}"
    return mine.qps / its.qps, f"at {level:.3f}, where the curves begin" if level > recall else ""


def recall_of(found: NDArray[np.int64], truth: NDArray[np.int64]) -> float:
    """Share of the true ids that were found; of each, as many as were asked for."""
    hits = (len(np.intersect1d(a, b)) for a, b in zip(found, truth, strict=True))
    return sum(hits) / truth.size


class Sweep:
    """Takes every contestant to every point, again and again, and keeps the best times."""

    def __init__(
        self,
        contestants: list[Contestant],
        truth: NDArray[np.int64],
        enough: dict[int, float],
    ) -> None:
        self.contestants, self.truth, self.enough = contestants, truth, enough
        every = -(-len(truth) // ONLINE_QUERIES)
        self.rows = {"online": slice(None, None, every), "batched": slice(None)}
        self.curves: Curves = {
            (c.name, mode, k): Curve(c.name, mode, k)
            for c in contestants
            for mode in MODES
            for k in LADDERS
        }

    def run(self, repetitions: int) -> Curves:
        for repetition in range(repetitions):
            print(f"  repetition {repetition + 1} of {repetitions}", file=sys.stderr, flush=True)
            for k, ladder in LADDERS.items():
                for ef in ladder:
                    self._visit(k, ef, climb=repetition == 0)
        return self.curves

    def _visit(self, k: int, ef: int, climb: bool) -> None:
        for contestant in self.contestants:
            for mode in MODES:
                curve = self.curves[contestant.name, mode, k]
                if climb and not curve.ended:
                    self._climb(contestant, curve, ef)
                elif not climb and ef in curve.points:
                    point, rows = curve.points[ef], self.truth[self.rows[mode]]
                    seconds, _ = self._time(contestant, curve, ef)
                    point.qps = max(point.qps, len(rows) / seconds)

    def _climb(self, contestant: Contestant, curve: Curve, ef: int) -> None:
        """Adds a point to a curve, and ends it if that is enough."""
        try:
            seconds, answers = self._time(contestant, curve, ef)
        except RuntimeError as error:  # hnswlib's, when it finds fewer than k
            print(f"  {contestant.name}, ef={ef}: {error}", file=sys.stderr)
            return
        counts = contestant.counts(answers)
        found = np.concatenate([contestant.ids(answer) for answer in answers])
        hops, distances = (None, None) if counts is None else (c / len(found) for c in counts)
        recall = recall_of(found, self.truth[self.rows[curve.mode], : curve.k])
        curve.points[ef] = Point(ef, recall, len(found) / seconds, hops, distances)
        if recall > self.enough[curve.k]:
            curve.ended = "recall"
        elif seconds > SECONDS_ENOUGH:
            curve.ended = "time"

    def _time(self, contestant: Contestant, curve: Curve, ef: int) -> tuple[float, list[Any]]:
        """Seconds for a mode's queries, and the answers."""
        queries = contestant.queries[self.rows[curve.mode]]
        size = 1 if curve.mode == "online" else len(queries)
        batches = [queries[first : first + size] for first in range(0, len(queries), size)]
        search = contestant.searcher(curve.k, ef)
        search(queries[:WARM_UP])
        contestant.forget()
        start = time.perf_counter()
        answers = [search(batch) for batch in batches]
        return time.perf_counter() - start, answers
