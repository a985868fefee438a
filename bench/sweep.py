"""A sweep: every contestant climbs its settings in every regime, and all take turns.

One step of one contestant follows that of another, so that what else goes on in the machine hits
all of them alike; then everything is repeated. In the first repetition answers are looked over, and
a climb ends where recall is enough or a point takes too long; later ones only time.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from vecq.bench.adapters import Setting
from vecq.bench.answers import look_over
from vecq.bench.child import one_line
from vecq.bench.contestant import Contestant
from vecq.bench.limit import CODE_BYTES, limit
from vecq.bench.records import Point
from vecq.bench.regimes import Regime, Timing
from vecq.core.json_values import plain
from vecq.datasets import Dataset

# A climb ends beyond this recall, beyond a point that takes this many seconds, and where recall has
# gained less than this in two steps, or in this many from the start.
RECALL_ENOUGH, SECONDS_ENOUGH, SATURATED, FLOOR = 0.995, 3.0, 0.0005, 6
# A climb that has failed so many times in a row is given up.
HOPELESS = 3
QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "p999": 0.999}
CURVE = [*np.linspace(0, 0.9, 19), 0.925, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.995, 0.999, 1]


@dataclass
class Climb:
    """One contestant in one regime, and the points that it has come to."""

    contestant: Contestant
    regime: Regime
    k: int
    ladder: list[Setting] = field(default_factory=list)
    points: dict[int, Point] = field(default_factory=dict)  # by step
    latencies: dict[int, list[NDArray[np.float64]]] = field(default_factory=dict)
    ended: str | None = None

    def finish(self) -> list[Point]:
        """The points; the last one tells why there are no more."""
        found = [self.point(step) for step in self.points]
        if found:
            found[-1].ended = self.ended
        return found

    def point(self, step: int) -> Point:
        """A point, with the latencies of all repetitions up to now."""
        point, parts = self.points[step], self.latencies.get(step)
        if parts:
            every = np.concatenate(parts)
            quantiles = np.quantile(every, list(QUANTILES.values()))
            point.latency = dict(zip(QUANTILES, map(float, quantiles), strict=True))
            curve = np.stack([CURVE, np.quantile(every, CURVE)], axis=1)
            point.latency_curve = curve.tolist()
        return point


class Sweep:
    """The climbs on one data set.

    Args:
        contestants: those that have built their index.
        truth: the true ids of every query, as many as the largest k.
        enough: for each k the recall beyond which a climb ends.
        stride: takes every so many-th step of the ladders, the last among them.
        deadline: of `time.monotonic`, after which nothing new is begun.
        say: is told of every step.
        keep: is given every point once it is measured, and whenever it is measured again.
    """

    def __init__(
        self,
        data: Dataset,
        contestants: Sequence[Contestant],
        regimes: Sequence[Regime],
        truth: NDArray[np.int64],
        enough: Mapping[int, float],
        *,
        stride: int = 1,
        deadline: float = float("inf"),
        say: Callable[[str], object] = lambda text: None,
        keep: Callable[[Point], object] = lambda point: None,
    ) -> None:
        self.data, self.truth, self.enough = data, truth, enough
        self.deadline, self.say, self.keep = deadline, say, keep
        self.late = False
        self.climbs = {
            k: [
                self._begin(contestant, regime, k, stride)
                for contestant in contestants
                for regime in regimes
                if regime.refusal(contestant) is None
            ]
            for k in enough
        }

    def run(self, repetitions: int) -> None:
        """Climbs, then repeats; `points` has what was measured, even after an exception."""
        for repetition in range(repetitions):
            for k, climbs in self.climbs.items():
                for step in range(max((len(climb.ladder) for climb in climbs), default=0)):
                    self.say(f"k={k}, step {step + 1}, repetition {repetition + 1}/{repetitions}")
                    for climb in climbs:
                        self._visit(climb, step, first=repetition == 0)

    def points(self) -> list[Point]:
        return [
            point for climbs in self.climbs.values() for one in climbs for point in one.finish()
        ]

    def _begin(self, contestant: Contestant, regime: Regime, k: int, stride: int) -> Climb:
        """A climb, at whose foot an error stands if there is nothing to climb."""
        climb = Climb(contestant, regime, k)
        try:
            climb.ladder = contestant.ladder(k)[-1::-stride][::-1]
        except Exception as error:
            climb.points[0] = replace(self._point(climb, {}), error=one_line(error))
            climb.ended = "errors"
        return climb

    def _point(self, climb: Climb, setting: Setting) -> Point:
        regime = climb.regime
        return Point(
            *(self.data.name, climb.contestant.name, climb.k, regime.name, plain(setting)),
            *(regime.threads, regime.processes),
        )

    def _visit(self, climb: Climb, step: int, first: bool) -> None:
        if time.monotonic() > self.deadline:
            self.late = True
            return
        if first and not climb.ended and step < len(climb.ladder):
            self._climb(climb, step)
        elif not first and step in climb.points and climb.points[step].error is None:
            try:
                self._time(climb, step)
            except Exception as error:
                climb.points[step].error = one_line(error)
        else:
            return
        self.keep(climb.point(step))

    def _climb(self, climb: Climb, step: int) -> None:
        """Adds a point, and ends the climb if that is enough."""
        point = climb.points[step] = self._point(climb, climb.ladder[step])
        try:
            found = self._time(climb, step)
            self._look(climb, step, found)
        except Exception as error:
            point.error = one_line(error)
            last = list(climb.points.values())[-HOPELESS:]
            if len(last) == HOPELESS and all(one.recall is None for one in last):
                climb.ended = "errors"
            return
        recalls = [one.recall for one in climb.points.values() if one.recall is not None]
        if found.seconds > SECONDS_ENOUGH:
            climb.ended = "time"
        if recalls[-1] > self.enough[climb.k]:
            climb.ended = "recall"
        elif self._is_flat(recalls):
            climb.ended = "saturation"

    def _is_flat(self, recalls: list[float]) -> bool:
        """Whether more effort gains no more. At first it may be less than is spent in any case."""
        steps = 2 if recalls[-1] > recalls[0] else FLOOR
        return len(recalls) > steps and recalls[-1] - recalls[-1 - steps] < SATURATED

    def _time(self, climb: Climb, step: int) -> Timing:
        found = climb.contestant.measure(climb.regime, climb.k, climb.ladder[step])
        climb.points[step].qps.append(found.queries / found.seconds)
        if found.latencies is not None:
            climb.latencies.setdefault(step, []).append(found.latencies)
        return found

    def _look(self, climb: Climb, step: int, timing: Timing) -> None:
        """Looks the answers over."""
        point = climb.points[step]
        truth = self.truth[climb.regime.rows, : climb.k]
        found = look_over(timing.ids, timing.scores, truth, len(self.data.train))
        point.recall, point.error = found.recall, found.error
        point.duplicates, point.short = found.duplicates, found.short
        point.invalid = found.invalid
        if timing.counts is not None:
            point.hops, point.distances = (count / len(truth) for count in timing.counts)
        point.limit_share = self._limit_share(climb, point)
        if self.data.heldout is not None and climb.regime.name == "batch" and not point.error:
            # What users get without what they have seen; this is not timed.
            threads, setting = climb.regime.threads, climb.ladder[step]
            point.business = climb.contestant.business(climb.k, setting, threads)

    def _limit_share(self, climb: Climb, point: Point) -> float | None:
        adapter, turns = climb.contestant.adapter, climb.regime.turns
        codec = (adapter.codec or "").partition("+")[0]
        known = adapter.family == "vecq" and codec in CODE_BYTES and turns is not None
        if not known or point.hops is None or point.distances is None:
            return None
        rows, dim = self.data.train.shape
        least = limit(dim, rows, codec, point.hops, point.distances, turns=turns)
        return least.seconds * point.speed / climb.regime.threads
