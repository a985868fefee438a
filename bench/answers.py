"""Answers looked over: recall, and what is wrong with them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]


@dataclass(frozen=True)
class Found:
    """What the answers to some queries are worth; `error` says why they are not to be trusted."""

    recall: float
    duplicates: int = 0
    short: int = 0
    invalid: int = 0
    error: str | None = None


def look_over(ids: Any, scores: Any, truth: Ids, rows: int) -> Found:
    """Compares answers with the true ids, a row of as many as were asked for to each query.

    >>> look_over([[0, 0, -1]], None, numpy.array([[0, 1, 2]]), rows=3)
    Found(recall=0.3333333333333333, duplicates=1, short=1, invalid=0, error='ids came twice ...
    """
    found, wanted = np.asarray(ids), truth.shape
    if found.ndim != 2 or found.shape[0] != wanted[0] or found.shape[1] > wanted[1]:
        return Found(0.0, error=f"ids have shape {found.shape}, expected {wanted}")
    if found.dtype.kind not in "iu":
        return Found(0.0, error=f"ids are of dtype {found.dtype}, expected whole numbers")
    found = found.astype(np.int64)
    invalid = int(((found < -1) | (found >= rows)).sum())
    ordered = np.sort(found, axis=1)
    duplicates = int(((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).sum())
    enough = min(wanted[1], rows)
    short = int(wanted[0] * enough - (found >= 0).sum())
    error = _fault(found, scores, duplicates, invalid)
    return Found(recall_of(found, truth), duplicates, max(short, 0), invalid, error)


def recall_of(found: Ids, truth: Ids) -> float:
    """Share of the true ids that were found; an id that comes twice counts once."""
    hits = (len(np.intersect1d(a, b)) for a, b in zip(found, truth, strict=True))
    return sum(hits) / max(truth.size, 1)


def _fault(ids: Ids, scores: Any, duplicates: int, invalid: int) -> str | None:
    if invalid:
        return f"ids that no row has, {invalid:,} times"
    if duplicates:
        return f"ids came twice for the same query, {duplicates:,} times"
    if scores is None:
        return None
    values = np.asarray(scores)
    if values.shape != ids.shape:
        return f"scores have shape {values.shape}, but ids have {ids.shape}"
    strange = int(np.isnan(values[ids >= 0]).sum())
    return f"scores that are not numbers, {strange:,} times" if strange else None
