"""The recall that walks reach with each beam width (`ef`), and the `ef` for a target recall."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vecq._native import ffi, lib
from vecq.core.arguments import MOST
from vecq.core.errors import call
from vecq.core.native_index import NativeIndex


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
        points, count = self._points()
        ef = ffi.new("size_t *")
        call(lib.vecq_curve_ef, points, count, self.items, k, recall, items or self.items, ef)
        return min(int(ef[0]), MOST)

    def _points(self) -> tuple[Any, int]:
        """Return the points as an array of the C ABI, and their number."""
        points = [(k, *point) for k, own in self.curves.items() for point in own]
        return ffi.new("vecq_curve_point[]", points), len(points)

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
    points, count = curve._points()
    call(lib.vecq_index_set_curve, native.handle, points, count, curve.items)
