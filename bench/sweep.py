"""A sweep: every contender climbs its ladder of settings in every regime, interleaved.

Each step visits all contenders in a new random order, so that other load on the machine and the
caches that a predecessor leaves behind hit all of them alike. The first repetition validates
answers, and ends a climb where recall suffices or a point takes too long; later ones only time.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from vecq.bench.adapters import Setting
from vecq.bench.answers import validate
from vecq.bench.contender import Contender
from vecq.bench.limit import CODE_BYTES, limit
from vecq.bench.records import Point
from vecq.bench.regimes import Regime, Timing
from vecq.bench.subprocess_call import one_line
from vecq.bench.truth import GroundTruth
from vecq.core.json_values import plain
from vecq.core.ranking import Truth
from vecq.datasets import Dataset

# A climb ends beyond this recall, beyond a point that takes this many seconds, and where recall
# gains less than SATURATED in two steps, or in FLOOR steps from the start.
RECALL_ENOUGH, SECONDS_ENOUGH, SATURATED, FLOOR = 0.995, 3.0, 0.0005, 6
# Failures in a row after which a climb is given up.
MAX_FAILURES = 3
QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "p999": 0.999}
CURVE = [*np.linspace(0, 0.9, 19), 0.925, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.995, 0.999, 1]


@dataclass
class Climb:
    """One contender in one regime, and the points that it has measured."""

    contender: Contender
    regime: Regime
    k: int
    ladder: list[Setting] = field(default_factory=list)
    points: dict[int, Point] = field(default_factory=dict)  # by step
    latencies: dict[int, list[NDArray[np.float64]]] = field(default_factory=dict)
    ended: str | None = None

    def finish(self) -> list[Point]:
        """Return the points; the last one tells why there are no more."""
        found = [self.point(step) for step in self.points]
        if found:
            found[-1].ended = self.ended
        return found

    def point(self, step: int) -> Point:
        """Return a point with the latencies of all repetitions so far."""
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
        data: The data set.
        contenders: The contenders, with built indexes.
        regimes: How queries arrive.
        truth: The true neighbors of every query, for the largest k.
        enough: For each k the recall beyond which a climb ends.
        stride: Use every stride-th step of the ladders, the last one included. Default: 1.
        deadline: Time by `time.monotonic` after which no measurement starts. Default: none.
        seed: Of the order of contenders. Default: 0.
        say: Called with a line for every step.
        keep: Called with every point, after every measurement of it.
    """

    def __init__(
        self,
        data: Dataset,
        contenders: Sequence[Contender],
        regimes: Sequence[Regime],
        truth: GroundTruth,
        enough: Mapping[int, float],
        *,
        stride: int = 1,
        deadline: float = float("inf"),
        seed: int = 0,
        say: Callable[[str], object] = lambda text: None,
        keep: Callable[[Point], object] = lambda point: None,
    ) -> None:
        self.data, self.truth, self.enough = data, truth, enough
        self.deadline, self.say, self.keep = deadline, say, keep
        self.late = False
        self._truths: dict[tuple[int, str], Truth] = {}
        self._rng = np.random.default_rng(seed)
        self.climbs = {
            k: [
                self._begin(contender, regime, k, stride)
                for contender in contenders
                for regime in regimes
                if regime.refusal(contender) is None
            ]
            for k in enough
        }

    def run(self, repetitions: int) -> None:
        """Climb, then repeat; `points` has all measurements, even after an exception."""
        for repetition in range(repetitions):
            for k, climbs in self.climbs.items():
                for step in range(max((len(climb.ladder) for climb in climbs), default=0)):
                    self.say(f"k={k}, step {step + 1}, repetition {repetition + 1}/{repetitions}")
                    for number in self._rng.permutation(len(climbs)):
                        self._visit(climbs[number], step, first=repetition == 0)

    def points(self) -> list[Point]:
        return [
            point for climbs in self.climbs.values() for one in climbs for point in one.finish()
        ]

    def _begin(self, contender: Contender, regime: Regime, k: int, stride: int) -> Climb:
        """Begin a climb; its only point is an error if there is no ladder."""
        climb = Climb(contender, regime, k)
        try:
            climb.ladder = contender.ladder(k)[-1::-stride][::-1]
        except Exception as error:
            climb.points[0] = replace(self._point(climb, {}), error=one_line(error))
            climb.ended = "errors"
        return climb

    def _point(self, climb: Climb, setting: Setting) -> Point:
        regime = climb.regime
        return Point(
            *(self.data.name, climb.contender.name, climb.k, regime.name, plain(setting)),
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
        """Add a point, and end the climb if there is a reason to."""
        point = climb.points[step] = self._point(climb, climb.ladder[step])
        try:
            found = self._time(climb, step)
            self._validate(climb, step, found)
        except Exception as error:
            point.error = one_line(error)
            last = list(climb.points.values())[-MAX_FAILURES:]
            if len(last) == MAX_FAILURES and all(one.recall is None for one in last):
                climb.ended = "errors"
            return
        recalls = [one.recall for one in climb.points.values() if one.recall is not None]
        if found.seconds > SECONDS_ENOUGH:
            climb.ended = "time"
        if recalls[-1] > self.enough[climb.k]:
            climb.ended = "recall"
        elif self._is_flat(recalls):
            climb.ended = "saturation"
        elif not climb.ended and step == len(climb.ladder) - 1:
            climb.ended = "ladder"

    def _is_flat(self, recalls: list[float]) -> bool:
        """Whether recall no longer grows. Settings below a fixed effort may all act alike first."""
        steps = 2 if recalls[-1] > recalls[0] else FLOOR
        return len(recalls) > steps and recalls[-1] - recalls[-1 - steps] < SATURATED

    def _time(self, climb: Climb, step: int) -> Timing:
        found = climb.contender.measure(climb.regime, climb.k, climb.ladder[step])
        climb.points[step].qps.append(found.queries / found.seconds)
        if found.latencies is not None:
            climb.latencies.setdefault(step, []).append(found.latencies)
        return found

    def _validate(self, climb: Climb, step: int, timing: Timing) -> None:
        """Record recall, faults and counts of the answers."""
        point = climb.points[step]
        truth = self._truth(climb)
        found = validate(timing.ids, timing.scores, truth, len(self.data.train))
        point.recall, point.error = found.recall, found.error
        point.duplicates, point.short = found.duplicates, found.short
        point.invalid = found.invalid
        if timing.counts is not None:
            point.hops, point.distances = (count / len(truth) for count in timing.counts)
        point.limit_share = self._limit_share(climb, point)
        if self.data.heldout is not None and climb.regime.name == "batch" and not point.error:
            # Recommendations without seen items; this is not timed.
            threads, setting = climb.regime.threads, climb.ladder[step]
            point.business = climb.contender.business(climb.k, setting, threads)

    def _truth(self, climb: Climb) -> Truth:
        """Return the truth for the queries of a regime, made once."""
        key = climb.k, climb.regime.name
        if key not in self._truths:
            self._truths[key] = self.truth.at(climb.k, climb.regime.rows)
        return self._truths[key]

    def _limit_share(self, climb: Climb, point: Point) -> float | None:
        adapter, interleave = climb.contender.adapter, climb.regime.interleave
        codec = (adapter.codec or "").partition("+")[0]
        if adapter.family != "vecq" or codec not in CODE_BYTES or interleave is None:
            return None
        if point.hops is None or point.distances is None:
            return None
        rows, dim = self.data.train.shape
        least = limit(dim, rows, codec, point.hops, point.distances, interleave=interleave)
        return least.seconds * point.speed / climb.regime.threads
