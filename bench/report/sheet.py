"""The records of a run, looked up by what a report asks for."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TypeVar

from vecq import ArgumentError
from vecq.bench.records import Accuracy, Build, Data, IsaSpeed, Point, Record, Run
from vecq.bench.report.curves import Curve, Regime

REGIMES = ("single", "batch", "concurrent", "processes")
# A contestant whose best recall is below this share of the best one's has something wrong; if only
# a setting or two of it were measured, there may have been more to come.
FAR_BELOW, FAR_BELOW_AT_FIRST, FEW = 0.5, 0.05, 2
# Counts of a point that should be 0.
FAULTS = {
    "duplicates": "ids came twice for the same query",
    "short": "results are missing although there were enough items, which lowers recall",
    "invalid": "ids are of no item",
}
# The k that is spoken of first, if it was measured.
FIRST_K = 100

Kind = TypeVar("Kind", bound=Record)


class Sheet:
    """Builds, curves of what is sound, and what is wrong with the rest."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._records = list(records)
        runs = self.all(Run)
        if not runs:
            raise ArgumentError(
                'records have no "run": expected all records of a run, as vecq bench writes them',
                "records",
            )
        self.run = runs[0]
        self.data = {one.data: one for one in self.all(Data)}
        self.builds = {(one.data, one.contestant): one for one in self.all(Build)}
        self.points = self.all(Point)
        self.accuracy = self.all(Accuracy)
        self.isas = self.all(IsaSpeed)
        self.entries = list(
            dict.fromkeys([*self.builds, *((p.data, p.contestant) for p in self.points)])
        )
        self.names = list(dict.fromkeys(name for _, name in self.entries))
        self.data_names = list(dict.fromkeys([*self.data, *(data for data, _ in self.entries)]))
        every = self._curves()
        self._best = self._best_recalls(every)
        self.curves = {
            (regime, name): curve
            for (regime, name), curve in every.items()
            if curve.points and self._far_below(regime.data, name, regime.k) is None
        }
        self.faults = {entry: found for entry in self.entries if (found := self._faults(*entry))}

    def colour(self, contestant: str) -> int:
        """The number of a contestant's colour, the same on every plot; INT8 has the first."""
        ours = [one.contestant for one in self.builds.values() if _is_ours(one, "int8")]
        return sorted(self.names, key=lambda name: name not in ours).index(contestant)

    def all(self, kind: type[Kind]) -> list[Kind]:
        return [record for record in self._records if isinstance(record, kind)]

    @property
    def regimes(self) -> list[Regime]:
        """Of all curves: by data set, then k, then as queries come."""
        found = dict.fromkeys(regime for regime, _ in self.curves)
        return sorted(found, key=self._order)

    def ks(self, data: str) -> list[int]:
        return sorted({regime.k for regime in self.regimes if regime.data == data})

    def by_weight(self, data: str) -> list[Regime]:
        """What to speak of first: k=100, or the middle one, a query at a time."""
        ks = self.ks(data)
        first = FIRST_K if FIRST_K in ks or not ks else ks[len(ks) // 2]
        found = [regime for regime in self.regimes if regime.data == data]
        return sorted(found, key=lambda regime: regime.k != first)

    def of(self, regime: Regime) -> list[Curve]:
        """The sound curves of all contestants in a regime, in the order of the contestants."""
        return [self.curves[regime, name] for name in self.names if (regime, name) in self.curves]

    def ours(self, data: str, codec: str) -> Build | None:
        """The build of vecq with a codec and nothing beside it: no reranking."""
        return next(
            (one for one in self.builds.values() if one.data == data and _is_ours(one, codec)), None
        )

    def peers(self, data: str) -> list[Build]:
        """Contestants of other libraries that were built."""
        return [
            one
            for one in self.builds.values()
            if one.data == data and one.family != "vecq" and not one.error
        ]

    def _order(self, regime: Regime) -> tuple[int, int, int, int, int]:
        name = REGIMES.index(regime.name) if regime.name in REGIMES else len(REGIMES)
        place = self.data_names.index(regime.data)
        return place, regime.k, name, regime.threads, regime.processes

    def _curves(self) -> dict[tuple[Regime, str], Curve]:
        points = defaultdict(list)
        for point in self.points:
            points[Regime.of(point), point.contestant].append(point)
        return {key: Curve.of(key[1], key[0], found) for key, found in points.items()}

    @staticmethod
    def _best_recalls(curves: dict[tuple[Regime, str], Curve]) -> dict[tuple[str, int], float]:
        best: dict[tuple[str, int], float] = defaultdict(float)
        for (regime, _), curve in curves.items():
            best[regime.data, regime.k] = max(best[regime.data, regime.k], curve.best)
        return best

    def _points(self, data: str, name: str) -> list[Point]:
        return [p for p in self.points if (p.data, p.contestant) == (data, name)]

    def _far_below(self, data: str, name: str, k: int) -> float | None:
        """The best recall of a contestant, if something must be wrong with it."""
        points = [p for p in self._points(data, name) if p.k == k and p.recall is not None]
        settings = {str(point.setting) for point in points}
        share = FAR_BELOW if len(settings) > FEW else FAR_BELOW_AT_FIRST
        reached = max((point.recall or 0.0 for point in points), default=None)
        return None if reached is None or reached >= share * self._best[data, k] else reached

    def _faults(self, data: str, name: str) -> list[str]:
        """What is wrong with a contestant, a phrase each; nothing for a sound one."""
        return [
            *self._failures(data, name),
            *(
                f"{count:,} {what}"
                for field, what in FAULTS.items()
                if (count := sum(getattr(p, field) for p in self._points(data, name)))
            ),
            *(
                f"recall@{k} is far below the others': {reached:.4f} at best, "
                f"where {self._best[data, k]:.4f} is reached"
                for k in sorted({point.k for point in self._points(data, name)})
                if (reached := self._far_below(data, name, k)) is not None
            ),
        ]

    def _failures(self, data: str, name: str) -> Iterator[str]:
        build, points = self.builds.get((data, name)), self._points(data, name)
        if build is not None and build.error:
            yield f"the build failed: {build.error}"
        # The error of a point that has counts only tells them, and they are summed up.
        errors = [p.error for p in points if p.error and not any(getattr(p, f) for f in FAULTS)]
        for error in dict.fromkeys(errors):
            yield f"{error} ({errors.count(error)} of {len(points)} points)"


def _is_ours(build: Build, codec: str) -> bool:
    plain = not build.settings.get("rerank_codec")
    return plain and (build.family, build.codec) == ("vecq", codec)
