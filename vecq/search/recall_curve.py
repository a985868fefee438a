"""The recall that walks reach with each beam width (`ef`), and the `ef` for a target recall."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vecq._native import ffi, lib
from vecq.core.arguments import MOST
from vecq.core.errors import ArgumentError, call
from vecq.core.native_index import NativeIndex

# Of each k, pairs of an `ef`, or a number of probes, and the recall that it reached, both rising.
Points = Mapping[int, tuple[tuple[int, float], ...]]


@dataclass(frozen=True)
class RecallCurve:
    """Measured recall by beam width, made by `vecq.Index.measure_recall`.

    `curves` maps each k to pairs of an `ef` and the recall that it reached, both rising. `items` is
    the number of items when it was measured. `probes` is the same for probes, empty without cells.
    `rerank_widths` maps each k to the least number of candidates that holds the k results of a
    rerank store, empty without one.

    >>> curve = vecq.RecallCurve({10: ((10, 0.9), (40, 0.99))}, items=100_000)
    >>> curve.ef_for(10, 0.95)
    27
    """

    curves: Points
    items: int
    probes: Points = field(default_factory=dict)
    rerank_widths: Mapping[int, int] = field(default_factory=dict)

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
        return self._least(lib.vecq_curve_ef, self.curves, k, recall, items)

    def probes_for(self, k: int, recall: float, items: int | None = None) -> int | None:
        """Return the least number of probes that reaches a recall, or None if none does.

        Args:
            k: As in `ef_for`.
            recall: As in `ef_for`.
            items: As in `ef_for`.

        >>> curve = vecq.RecallCurve({}, 100_000, {10: ((8, 0.9), (40, 0.98))})
        >>> curve.probes_for(10, 0.95), curve.probes_for(10, 0.99)
        (28, None)
        """
        try:
            return self._least(lib.vecq_curve_probes, self.probes, k, recall, items)
        except ArgumentError:
            return None

    def _least(
        self, function: Any, curves: Points, k: int, recall: float, items: int | None
    ) -> int:
        points, count = _native_points(curves)
        least = ffi.new("size_t *")
        call(function, points, count, self.items, k, recall, items or self.items, least)
        return min(int(least[0]), MOST)

    def __str__(self) -> str:
        lines = [f"measured on {self.items:,} items"]
        for name, unit, curves in (("", "ef", self.curves), (" of probes", "probes", self.probes)):
            for k, curve in curves.items():
                points = ", ".join(f"{recall:.4f} at {unit} {ef:,}" for ef, recall in curve)
                lines.append(f"recall@{k}{name}: {points}")
        for k, width in self.rerank_widths.items():
            lines.append(f"recall@{k}: {width:,} candidates rescored")
        return "\n".join(lines)


def stored_curve(native: NativeIndex) -> RecallCurve | None:
    """Read the curve that an index keeps; None if it has none."""
    count, items = ffi.new("size_t *"), ffi.new("uint64_t *")
    call(lib.vecq_index_curve, native.handle, ffi.NULL, 0, count, items)
    points = ffi.new("vecq_curve_point[]", count[0])
    call(lib.vecq_index_curve, native.handle, points, len(points), count, items)
    curves = _curves_of(points[0 : min(len(points), count[0])])
    if not curves:
        return None
    probes = _stored(native, lib.vecq_index_probe_curve)
    widths = {k: own[-1][0] for k, own in _stored(native, lib.vecq_index_rerank_widths).items()}
    return RecallCurve(curves, items[0], probes, widths)


def store_curve(native: NativeIndex, curve: RecallCurve) -> None:
    """Store the curve in an index, which saves it to its file."""
    call(lib.vecq_index_set_curve, native.handle, *_native_points(curve.curves), curve.items)
    call(lib.vecq_index_set_probe_curve, native.handle, *_native_points(curve.probes))
    widths = {k: ((width, 1.0),) for k, width in curve.rerank_widths.items()}
    call(lib.vecq_index_set_rerank_widths, native.handle, *_native_points(widths))


def _stored(native: NativeIndex, function: Any) -> Points:
    count = ffi.new("size_t *")
    call(function, native.handle, ffi.NULL, 0, count)
    points = ffi.new("vecq_curve_point[]", count[0])
    call(function, native.handle, points, len(points), count)
    return _curves_of(points[0 : min(len(points), count[0])])


def _native_points(curves: Points) -> tuple[Any, int]:
    """Return the points as an array of the C ABI, and their number."""
    points = [(k, *point) for k, own in curves.items() for point in own]
    return ffi.new("vecq_curve_point[]", points), len(points)


def _curves_of(points: Iterable[Any]) -> Points:
    curves: dict[int, tuple[tuple[int, float], ...]] = {}
    for point in points:
        curves[point.k] = (*curves.get(point.k, ()), (point.ef, point.recall))
    return curves
