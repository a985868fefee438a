"""Range search: all items that score at least a threshold."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecq.core.arrays import as_biases, as_vectors
from vecq.core.errors import ArgumentError
from vecq.core.native_index import NativeIndex
from vecq.search.exclusions import Exclusions
from vecq.search.expressions import Where
from vecq.search.filters import filter_of
from vecq.search.knn import search

# k of the first search, and the factor from one search to the next.
FIRST, FACTOR = 128, 8
# Results of all queries of one batch.
RESULTS_AT_ONCE = 1 << 23


@dataclass(frozen=True)
class Ranges:
    """Results of query q: `ids[indptr[q] : indptr[q + 1]]` and their scores, best first."""

    indptr: NDArray[np.int64]
    ids: NDArray[Any]  # of int64, or of str objects
    scores: NDArray[np.float32]


def search_range(
    native: NativeIndex, queries: ArrayLike, threshold: float, options: dict[str, Any]
) -> Ranges:
    """Raise k until the last result of each query scores less than the threshold."""
    rows = as_vectors(queries, "queries", native.dim)
    if np.isnan(threshold):
        raise ArgumentError("threshold is nan, expected a number", "threshold")
    if "k" in options:
        raise ArgumentError(
            "k can't be given: the threshold decides how many results there are", "k"
        )
    if options.get("diversity"):
        raise ArgumentError("diversity can't be given: a range has all items", "diversity")
    hidden = Exclusions.of(options.pop("exclude", None), len(rows), native.has_names)
    none: NDArray[Any] = np.empty(0, object if native.has_names else np.int64)
    options["allow"] = filter_of(native, options.get("allow"), options.pop("deny", None))
    where = Where.of(options.pop("where", None), len(rows))
    with np.errstate(over="ignore"):
        least = np.float32(threshold)
    weights = as_biases(options.pop("bias_weight", 1.0), "bias_weight", len(rows))
    ids: list[NDArray[Any]] = [none] * len(rows)
    scores: list[NDArray[np.float32]] = [np.empty(0, np.float32)] * len(rows)
    left, size = np.arange(len(rows)), max(len(native), 1)
    k = min(FIRST, size)
    while len(left) > 0:
        full = []
        at_once = max(1, RESULTS_AT_ONCE // k)
        for part in np.split(left, range(at_once, len(left), at_once)):
            excluded = None if hidden is None else [hidden.ids_of(int(q)) for q in part]
            own = None if where is None else where.select(part)
            found = search(
                native,
                rows[part],
                k,
                exclude=excluded,
                bias_weight=weights[part],
                where=own,
                **options,
            )
            above = np.minimum((found.scores >= least).sum(axis=1), found.counts)
            for i, q in enumerate(part):
                ids[q] = found.ids[i, : above[i]].copy()
                scores[q] = found.scores[i, : above[i]].copy()
            full.append(part[above == k])
        left = np.concatenate(full) if k < size else left[:0]
        size = max(len(native), 1)
        k = min(k * FACTOR, size)
    indptr = np.cumsum([0, *map(len, ids)])
    return Ranges(
        indptr,
        np.concatenate([*ids, none]),
        np.concatenate([*scores, np.empty(0, np.float32)]),
    )
