"""How much recall a walk's effort buys on an index, measured."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecq._native import ffi, lib
from vecq.core.arguments import MOST, whole
from vecq.core.arrays import as_floats, as_vectors
from vecq.core.errors import ArgumentError, call
from vecq.core.progress import Progress, Report
from vecq.search.result import Result
from vecq.search.searchable import Searchable

# Efforts that are tried, as multiples of k, until recall is as good as all.
EFFORTS = (1, 1.25, 1.6, 2, 2.5, 3.2, 4, 5, 6.4, 8, 12, 16, 24, 32, 64)
ENOUGH = 0.9995
# What recall takes grows with the square root of the number of items, or less: measured up to eight
# times as many. Beyond the factor that is not relied on.
GROWN = 2
# For a k beyond those measured it may grow faster than k does, as where k leaves the cluster of a
# query: by this factor at most, in what was tried.
BEYOND = 2


@dataclass(frozen=True)
class RecallCurve:
    """For each k, in rising order, pairs of an `ef` and the recall that it reached, both rising."""

    curves: Mapping[int, tuple[tuple[int, float], ...]]
    items: int  # of the index, when it was measured

    @classmethod
    def measure(
        cls,
        index: Searchable,
        queries: ArrayLike,
        k: int | Sequence[int],
        threads: int,
        progress: Progress,
    ) -> "RecallCurve":
        rows = as_floats(as_vectors(queries, "queries", index._dim))
        items = len(index)
        if len(rows) == 0 or items == 0:
            empty = "queries" if len(rows) == 0 else "index"
            raise ArgumentError(f"{empty} is empty, nothing can be measured", empty)
        asked = [k] if np.ndim(k) == 0 else list(k)  # type: ignore[arg-type]
        sizes = sorted({min(whole(one, "k", 1, MOST), items) for one in asked})
        if not sizes:
            raise ArgumentError("k is empty, expected at least one", "k")
        with Report(progress, len(sizes)) as report:
            curves = {}
            for done, size in enumerate(sizes, 1):
                curves[size] = _curve(index, rows, size, threads)
                report(done, len(sizes))
        return cls(curves, items)

    def store(self, handle: Any) -> None:
        """Hands it to a native index, which keeps and saves it."""
        points = [(k, *point) for k, curve in self.curves.items() for point in curve]
        call(
            lib.vecq_index_set_curve,
            *(handle, ffi.new("vecq_curve_point[]", points), len(points), self.items),
        )

    @classmethod
    def stored(cls, handle: Any) -> "RecallCurve | None":
        """What a native index has; None if it has no curve."""
        count, items = ffi.new("size_t *"), ffi.new("uint64_t *")
        call(lib.vecq_index_curve, handle, ffi.NULL, 0, count, items)
        points = ffi.new("vecq_curve_point[]", count[0])
        call(lib.vecq_index_curve, handle, points, len(points), count, items)
        curves: dict[int, tuple[tuple[int, float], ...]] = {}
        for point in points[0 : min(len(points), count[0])]:
            curves[point.k] = (*curves.get(point.k, ()), (point.ef, point.recall))
        return cls(curves, items[0]) if curves else None

    def ef_for(self, k: int, recall: float, items: int | None = None) -> int:
        """The least effort that reaches a recall, also when there are more `items` than it was
        measured on."""
        growth = max(1.0, (items or 0) / self.items)
        if growth > GROWN:
            raise ArgumentError(
                f"target_recall can't be kept: recall was measured on {self.items:,} items and "
                f"there are {items:,} now; call measure_recall again, or give ef",
                "target_recall",
            )
        if not 0 < recall <= 1:
            raise ArgumentError(
                f"target_recall is {recall!r}, expected more than 0 and at most 1", "target_recall"
            )
        fewer = [own for own in self.curves if own <= k]
        more = [own for own in self.curves if own >= k]
        if not more:
            times = k / fewer[-1]
            effort = self._effort(fewer[-1], recall) * times * min(times, BEYOND)
        elif not fewer:  # what finds a part of ten items finds more of the best one
            effort = self._effort(more[0], recall)
        else:
            sizes = fewer[-1], more[0]
            efforts = [self._effort(own, recall) for own in sizes]
            effort = float(np.interp(np.log(k), np.log(sizes), efforts))
        if not math.isfinite(effort):
            nearest = fewer[-1:] + more[:1]
            best = min(self.curves[own][-1][1] for own in nearest)
            raise ArgumentError(
                f"target_recall is {recall:g}, but the best recall measured for k="
                f"{' and k='.join(map(str, nearest))} is {best:.4f}: ask for less, score every "
                'item with plan="scan", or build the index with rerank_codec or a larger m',
                "target_recall",
            )
        return min(max(k, math.ceil(effort * math.sqrt(growth))), MOST)

    def _effort(self, k: int, recall: float) -> float:
        """Infinite if no walk reached the recall."""
        efforts, recalls = zip(*self.curves[k], strict=True)
        return float(np.interp(recall, recalls, efforts, right=math.inf))

    def __str__(self) -> str:
        lines = [f"measured on {self.items:,} items"]
        for k, curve in self.curves.items():
            points = ", ".join(f"{recall:.4f} at ef {ef:,}" for ef, recall in curve)
            lines.append(f"recall@{k}: {points}")
        return "\n".join(lines)


def _curve(
    index: Searchable, queries: NDArray[np.float32], k: int, threads: int
) -> tuple[tuple[int, float], ...]:
    truth = index.search(queries, k, plan="scan", threads=threads)
    curve: list[tuple[int, float]] = []
    for effort in EFFORTS:
        ef = min(int(np.ceil(effort * k)), len(index))
        reached = _recall(index.search(queries, k, ef=ef, threads=threads), truth)
        if not curve or reached > curve[-1][1]:
            curve.append((ef, reached))
        if reached >= ENOUGH or ef == len(index):
            break
    return tuple(curve)


def _recall(found: Result, truth: Result) -> float:
    # By score and not by id: of equal items any will do.
    worst = truth.scores[np.arange(len(truth.ids)), truth.counts - 1]
    return float((found.scores >= worst[:, None]).sum() / truth.counts.sum())
