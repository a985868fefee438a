"""The recall that walks reach with each beam width (`ef`), and the `ef` for a target recall."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vecq._native import ffi, lib
from vecq.core.arguments import MOST
from vecq.core.errors import ArgumentError, call
from vecq.core.native_index import NativeIndex

# The ef for a recall grows at most with the square root of the number of items: measured up to
# eight times the items. The curve is trusted up to this growth only.
GROWTH_LIMIT = 2
# For a k beyond those measured, ef may grow faster than k, as where k leaves the cluster of a
# query: by at most this factor in the data sets that were tried.
EXTRAPOLATION_LIMIT = 2


@dataclass(frozen=True)
class RecallCurve:
    """Measured recall by beam width, made by `vecq.Index.measure_recall`.

    `curves` maps each k to pairs of an `ef` and the recall that it reached, both rising. `items` is
    the number of items when it was measured.

    >>> curve = vecq.RecallCurve({10: ((10, 0.9), (40, 0.99))}, items=100_000)
    >>> curve.ef_for(10, 0.95)
    27
    """

    curves: Mapping[int, tuple[tuple[int, float], ...]]
    items: int

    def ef_for(self, k: int, recall: float, items: int | None = None) -> int:
        """Return the least `ef` that reaches a recall.

        Args:
            k: Number of results per query; between measured k the ef is interpolated.
            recall: The target, more than 0 and at most 1.
            items: Number of items now. Default: as many as were measured.

        Raises:
            ArgumentError: No measured walk reached the recall, or the index has more than twice
                the items that were measured.
        """
        if not 0 < recall <= 1:
            raise ArgumentError(
                f"target_recall is {recall!r}, expected more than 0 and at most 1", "target_recall"
            )
        growth = max(1.0, (items or 0) / self.items)
        if growth > GROWTH_LIMIT:
            raise ArgumentError(
                f"target_recall can't be kept: recall was measured on {self.items:,} items and "
                f"there are {items:,} now; call measure_recall again, or give ef",
                "target_recall",
            )
        smaller = [own for own in self.curves if own <= k]
        larger = [own for own in self.curves if own >= k]
        if not larger:
            factor = k / smaller[-1]
            ef = self._ef(smaller[-1], recall) * factor * min(factor, EXTRAPOLATION_LIMIT)
        elif not smaller:  # an ef that finds a share of the best ten finds more of the best one
            ef = self._ef(larger[0], recall)
        else:
            nearest = smaller[-1], larger[0]
            efs = [self._ef(own, recall) for own in nearest]
            ef = float(np.interp(np.log(k), np.log(nearest), efs))
        if not math.isfinite(ef):
            raise self._unreachable(recall, sorted({*smaller[-1:], *larger[:1]}))
        return min(max(k, math.ceil(ef * math.sqrt(growth))), MOST)

    def _ef(self, k: int, recall: float) -> float:
        """The ef for a measured k; infinite if no walk reached the recall."""
        efs, recalls = zip(*self.curves[k], strict=True)
        return float(np.interp(recall, recalls, efs, right=math.inf))

    def _unreachable(self, recall: float, nearest: list[int]) -> ArgumentError:
        best = min(self.curves[k][-1][1] for k in nearest)
        return ArgumentError(
            f"target_recall is {recall:g}, but the best recall measured for k="
            f"{' and k='.join(map(str, nearest))} is {best:.4f}: ask for less, score every item "
            'with plan="scan", or build the index with rerank_codec or a larger m',
            "target_recall",
        )

    def __str__(self) -> str:
        lines = [f"measured on {self.items:,} items"]
        for k, curve in self.curves.items():
            points = ", ".join(f"{recall:.4f} at ef {ef:,}" for ef, recall in curve)
            lines.append(f"recall@{k}: {points}")
        return "\n".join(lines)


def stored_curve(native: NativeIndex) -> RecallCurve | None:
    """Read the curve that an index keeps; None if it has none."""
    count, items = ffi.new("size_t *"), ffi.new("uint64_t *")
    call(lib.vecq_index_curve, native.handle, ffi.NULL, 0, count, items)
    points = ffi.new("vecq_curve_point[]", count[0])
    call(lib.vecq_index_curve, native.handle, points, len(points), count, items)
    curves: dict[int, tuple[tuple[int, float], ...]] = {}
    for point in points[0 : min(len(points), count[0])]:
        curves[point.k] = (*curves.get(point.k, ()), (point.ef, point.recall))
    return RecallCurve(curves, items[0]) if curves else None


def store_curve(native: NativeIndex, curve: RecallCurve) -> None:
    """Store the curve in an index, which saves it to its file."""
    points = [(k, *point) for k, own in curve.curves.items() for point in own]
    call(
        lib.vecq_index_set_curve,
        *(native.handle, ffi.new("vecq_curve_point[]", points), len(points), curve.items),
    )
