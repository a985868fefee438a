"""The best of many rows, selected block by block."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def keep_best(
    scores: NDArray[np.float32], ids: NDArray[np.int64], found: NDArray[Any], first: int
) -> None:
    """Merge a block of scores into the best so far, in place and in any order.

    Args:
        scores: The best scores so far, a row for each query.
        ids: The ids of these scores.
        found: The scores of the block, a row for each query.
        first: The id of the first column of `found`.
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
    """Sort by falling score; equal scores by rising id."""
    order = np.lexsort((ids, -scores))
    return np.take_along_axis(scores, order, axis=1), np.take_along_axis(ids, order, axis=1)
