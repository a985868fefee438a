"""The best of many, found block by block."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def keep_best(
    scores: NDArray[np.float32], ids: NDArray[np.int64], found: NDArray[Any], first: int
) -> None:
    """Keeps, in each row of `scores`, the best of it and of a row of `found`, in any order.

    Args:
        ids: what `scores` are of; the columns of `found` are of `first` and those that follow.
    """
    kept = scores.shape[1]
    for row, new in enumerate(found):
        better = np.flatnonzero(new > scores[row].min())
        both = np.concatenate([scores[row], new[better]])
        numbers = np.concatenate([ids[row], first + better])
        chosen = np.argpartition(-both, kept - 1)[:kept]
        scores[row], ids[row] = both[chosen], numbers[chosen]


def sort_best(
    scores: NDArray[np.float32], ids: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Best first; of equals, the one of the lower id."""
    order = np.lexsort((ids, -scores))
    return np.take_along_axis(scores, order, axis=1), np.take_along_axis(ids, order, axis=1)
