"""Measures a recall curve: walks and probes of rising effort against a scan of the same codes."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from vecq.core.arguments import MOST, whole
from vecq.core.arrays import as_floats, as_vectors
from vecq.core.errors import ArgumentError
from vecq.core.native_index import NativeIndex
from vecq.core.progress import Progress, Report
from vecq.search.knn import search_numbers as search
from vecq.search.recall_curve import RecallCurve, store_curve
from vecq.search.rerank_width import rerank_width
from vecq.search.result import Result
from vecq.storage.stats import stats

# Beam widths to measure, as multiples of k, until a walk finds nearly everything.
EF_FACTORS = (1, 1.25, 1.6, 2, 2.5, 3.2, 4, 5, 6.4, 8, 12, 16, 24, 32, 64)
ENOUGH = 0.9995
# Numbers of probes to measure, until they find nearly everything.
PROBES = (1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)


def measure_recall(
    native: NativeIndex,
    queries: ArrayLike,
    k: int | Sequence[int],
    threads: int,
    progress: Progress,
) -> RecallCurve:
    """Measure the curve and store it in the index."""
    rows = as_floats(as_vectors(queries, "queries", native.dim))
    items = len(native)
    if len(rows) == 0 or items == 0:
        empty = "queries" if len(rows) == 0 else "index"
        raise ArgumentError(f"{empty} is empty, nothing can be measured", empty)
    asked = [k] if np.ndim(k) == 0 else list(k)  # type: ignore[arg-type]
    sizes = sorted({min(whole(one, "k", 1, MOST), items) for one in asked})
    if not sizes:
        raise ArgumentError("k is empty, expected at least one", "k")
    curves, probes, widths = {}, {}, {}
    cells = stats(native).cells
    with Report(progress, len(sizes)) as report:
        for done, size in enumerate(sizes, 1):
            find = partial(search, native, rows, size, threads=threads)
            if native.rerank_codec is not None:
                widths[size] = rerank_width(native, rows, size, threads)
                find = partial(find, rerank_factor=widths[size] / size)
            truth = find(plan="scan")
            efs = [min(int(np.ceil(factor * size)), items) for factor in EF_FACTORS]
            curves[size] = _points(truth, find, "ef", efs, items)
            if cells > 0:
                counts = [min(count, cells) for count in PROBES]
                probes[size] = _points(truth, find, "probes", counts, cells)
            report(done, len(sizes))
    curve = RecallCurve(curves, items, probes, widths)
    store_curve(native, curve)
    return curve


def _points(
    truth: Result, find: Callable[..., Result], option: str, efforts: list[int], most: int
) -> tuple[tuple[int, float], ...]:
    """Measure the recall of rising values of an option, until one finds nearly everything."""
    points: list[tuple[int, float]] = []
    for effort in efforts:
        found = find(**{option: effort}, explain=True)
        if found.explanation is not None and found.explanation.completed_by_scan > 0:
            continue  # its recall says nothing about the effort
        reached = _recall(found, truth)
        if not points or reached > points[-1][1]:
            points.append((effort, reached))
        if reached >= ENOUGH or effort == most:
            break
    return tuple(points)


def _recall(found: Result, truth: Result) -> float:
    """Recall by score: any of the items that tie with the last true result counts."""
    worst = truth.scores[np.arange(len(truth.ids)), truth.counts - 1]
    return float((found.scores >= worst[:, None]).sum() / truth.counts.sum())
