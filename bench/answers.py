"""Validation of answers: their recall, and faults that make them untrustworthy."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq.core.ranking import Truth

Ids = NDArray[np.int64]


@dataclass(frozen=True)
class Validation:
    """The recall of some answers, and counts of their faults; `error` tells the worst fault."""

    recall: float
    duplicates: int = 0
    short: int = 0
    invalid: int = 0
    error: str | None = None


def validate(ids: Any, scores: Any, truth: Truth, rows: int) -> Validation:
    """Compare answers with the truth, and look for faults.

    Args:
        ids: A row for each query, at most k wide; -1 where fewer were found.
        scores: Of the same shape, or None.
        truth: The true neighbors of these queries.
        rows: The number of vectors that were searched; valid ids are smaller.

    Returns:
        The recall and the faults. An item that ties with the k-th best counts as found.

    >>> validate([[0, 0, -1]], None, Truth([[0, 1, 2]]), rows=3)
    Validation(recall=0.3333333333333333, duplicates=1, short=1, invalid=0, error='ids repeat ...
    """
    found, wanted = np.asarray(ids), (len(truth), truth.k)
    if found.ndim != 2 or found.shape[0] != wanted[0] or found.shape[1] > wanted[1]:
        return Validation(0.0, error=f"ids have shape {found.shape}, expected {wanted}")
    if found.dtype.kind not in "iu":
        return Validation(0.0, error=f"ids are of dtype {found.dtype}, expected whole numbers")
    found = found.astype(np.int64)
    invalid = int(((found < -1) | (found >= rows)).sum())
    ordered = np.sort(found, axis=1)
    duplicates = int(((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).sum())
    available = wanted[0] * min(wanted[1], rows)
    short = max(0, int(available - (found >= 0).sum()))
    error = _fault(found, scores, duplicates, invalid)
    return Validation(truth.recall(found), duplicates, short, invalid, error)


def _fault(ids: Ids, scores: Any, duplicates: int, invalid: int) -> str | None:
    if invalid:
        return f"ids outside the data, {invalid:,} times"
    if duplicates:
        return f"ids repeat within a query, {duplicates:,} times"
    if scores is None:
        return None
    values = np.asarray(scores)
    if values.shape != ids.shape:
        return f"scores have shape {values.shape}, but ids have {ids.shape}"
    nans = int(np.isnan(values[ids >= 0]).sum())
    return f"scores are NaN, {nans:,} times" if nans else None
