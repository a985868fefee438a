"""The records of a run, indexed for reports."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TypeVar

from vecq import ArgumentError
from vecq.bench.records import Accuracy, Build, Data, IsaSpeed, Point, Record, Run
from vecq.bench.report.curves import Curve, Regime

REGIMES = ("single", "batch", "concurrent", "processes")
# A contender whose best recall is below this share of the best one's is faulty. The share is lower
# if only FEW settings were measured, since later ones may have found more.
FAR_BELOW, FAR_BELOW_AT_FIRST, FEW = 0.5, 0.05, 2
# Counts of a point that should be 0.
FAULTS = {
    "duplicates": "ids repeat within a query",
    "short": "results are missing although there are enough items, which lowers recall",
    "invalid": "ids belong to no item",
}
# The k of the verdict, if it was measured.
FIRST_K = 100

Kind = TypeVar("Kind", bound=Record)


class Sheet:
    """Builds, curves without faulty points, and the faults.

    Variants of one system, which differ in build settings, share a curve under the system's name:
    its front has the best variant at each recall.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        self._records = list(records)
        runs = self.all(Run)
        if not runs:
            raise ArgumentError(
                'records have no "run": expected all records that vecq bench wrote',
                "records",
            )
        self.run = runs[0]
        self.data = {one.data: one for one in self.all(Data)}
        self.builds = {(one.data, one.contender): one for one in self.all(Build)}
        self.points = self.all(Point)
        self.accuracy = self.all(Accuracy)
        self.isas = self.all(IsaSpeed)
        self.entries = list(
            dict.fromkeys([*self.builds, *((p.data, p.contender) for p in self.points)])
        )
        self._systems = {one.contender: one.group for one in self.builds.values()}
        self.names = list(dict.fromkeys(self.group(name) for _, name in self.entries))
        self.data_names = list(dict.fromkeys([*self.data, *(data for data, _ in self.entries)]))
        every = self._curves()
        self._best = self._best_recalls(every)
        self.curves = {
            (regime, name): curve
            for (regime, name), curve in every.items()
            if curve.points and self._far_below(regime.data, name, regime.k) is None
        }
        self.faults = {entry: found for entry in self.entries if (found := self._faults(*entry))}

    def color(self, contender: str) -> int:
        """Return the number of a contender's color, the same on every plot; 0 is vecq INT8."""
        ours = [one.contender for one in self.builds.values() if _is_ours(one, "int8")]
        return sorted(self.names, key=lambda name: name not in ours).index(self.group(contender))

    def group(self, contender: str) -> str:
        """Return the system that a contender is a variant of, or the contender itself."""
        return self._systems.get(contender, contender)

    def faulty(self, data: str, name: str) -> bool:
        """Whether a contender, or a variant of a system, has faults."""
        return any(name in (own, self.group(own)) for set_, own in self.faults if set_ == data)

    def variants(self, curve: Curve) -> list[str]:
        """Return the contenders that share a curve, if there are several."""
        names = list(dict.fromkeys(point.contender for point in curve.points))
        return names if len(names) > 1 else []

    def all(self, kind: type[Kind]) -> list[Kind]:
        return [record for record in self._records if isinstance(record, kind)]

    @property
    def regimes(self) -> list[Regime]:
        """All regimes, by data set, k and how queries arrive."""
        found = dict.fromkeys(regime for regime, _ in self.curves)
        return sorted(found, key=self._order)

    def ks(self, data: str) -> list[int]:
        return sorted({regime.k for regime in self.regimes if regime.data == data})

    def by_weight(self, data: str) -> list[Regime]:
        """Regimes by importance: k=100 or the middle k, one query per call first."""
        ks = self.ks(data)
        first = FIRST_K if FIRST_K in ks or not ks else ks[len(ks) // 2]
        found = [regime for regime in self.regimes if regime.data == data]
        return sorted(found, key=lambda regime: regime.k != first)

    def of(self, regime: Regime) -> list[Curve]:
        """Return the curves of a regime, in the order of the contenders."""
        return [self.curves[regime, name] for name in self.names if (regime, name) in self.curves]

    def ours(self, data: str, codec: str) -> Build | None:
        """Return the build of vecq with a codec and without reranking."""
        return next(
            (one for one in self.builds.values() if one.data == data and _is_ours(one, codec)), None
        )

    def peers(self, data: str) -> list[str]:
        """Return the systems of other libraries that were built."""
        found = [one for one in self.builds.values() if one.data == data and not one.error]
        return list(dict.fromkeys(one.group for one in found if one.family != "vecq"))

    def _order(self, regime: Regime) -> tuple[int, int, int, int, int]:
        name = REGIMES.index(regime.name) if regime.name in REGIMES else len(REGIMES)
        place = self.data_names.index(regime.data)
        return place, regime.k, name, regime.threads, regime.processes

    def _curves(self) -> dict[tuple[Regime, str], Curve]:
        points = defaultdict(list)
        for point in self.points:
            points[Regime.of(point), self.group(point.contender)].append(point)
        return {key: Curve.of(key[1], key[0], found) for key, found in points.items()}

    @staticmethod
    def _best_recalls(curves: dict[tuple[Regime, str], Curve]) -> dict[tuple[str, int], float]:
        best: dict[tuple[str, int], float] = defaultdict(float)
        for (regime, _), curve in curves.items():
            best[regime.data, regime.k] = max(best[regime.data, regime.k], curve.best)
        return best

    def _points(self, data: str, name: str) -> list[Point]:
        return [
            point
            for point in self.points
            if point.data == data and name in (point.contender, self.group(point.contender))
        ]

    def _far_below(self, data: str, name: str, k: int) -> float | None:
        """Return the best recall of a contender if it is so low that there must be a fault."""
        points = [p for p in self._points(data, name) if p.k == k and p.recall is not None]
        settings = {str(point.setting) for point in points}
        share = FAR_BELOW if len(settings) > FEW else FAR_BELOW_AT_FIRST
        reached = max((point.recall or 0.0 for point in points), default=None)
        return None if reached is None or reached >= share * self._best[data, k] else reached

    def _faults(self, data: str, name: str) -> list[str]:
        """Return the faults of a contender, a phrase each."""
        return [
            *self._failures(data, name),
            *(
                f"{count:,} {what}"
                for field, what in FAULTS.items()
                if (count := sum(getattr(p, field) for p in self._points(data, name)))
            ),
            *(
                f"recall@{k} is far below the others': {reached:.4f} at best, "
                f"where others reach {self._best[data, k]:.4f}"
                for k in sorted({point.k for point in self._points(data, name)})
                if (reached := self._far_below(data, name, k)) is not None
            ),
        ]

    def _failures(self, data: str, name: str) -> Iterator[str]:
        build, points = self.builds.get((data, name)), self._points(data, name)
        if build is not None and build.error:
            yield f"the build failed: {build.error}"
        # Errors of points with counted faults only repeat the counts, which are summed elsewhere.
        errors = [p.error for p in points if p.error and not any(getattr(p, f) for f in FAULTS)]
        for error in dict.fromkeys(errors):
            yield f"{error} ({errors.count(error)} of {len(points)} points)"


def _is_ours(build: Build, codec: str) -> bool:
    plain = not build.settings.get("rerank_codec")
    return plain and (build.family, build.codec) == ("vecq", codec)
