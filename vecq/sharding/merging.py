"""Merging: the k best results of several shards for each query, exactly."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vecq.core.errors import ArgumentError

Ids = NDArray[np.int64]
Scores = NDArray[np.float32]


def merge(parts: Sequence[tuple[Ids, Scores]], k: int) -> tuple[Ids, Scores, Ids]:
    """Merge the results of shards.

    Exact: an item among the k best of all is among the k best of its shard. Items of equal score
    keep the order of the shards. An id that several shards return is kept once, with its best
    score.

    Args:
        parts: Ids and scores of each shard, a row for each query, best first; -1 where a shard has
            no more results.
        k: Number of results per query.

    Returns:
        Ids, scores and the number of results of each query; -1 and minus infinity where there are
        no more.

    Raises:
        ArgumentError: There are no parts, or their numbers of queries differ.

    >>> first = numpy.array([[7, 3]]), numpy.array([[0.9, 0.5]], "float32")
    >>> second = numpy.array([[4, -1]]), numpy.array([[0.7, -numpy.inf]], "float32")
    >>> merge([first, second], 3)[0]
    array([[7, 4, 3]])
    """
    if len(parts) == 0 or len({len(ids) for ids, _ in parts}) > 1:
        lengths = [len(ids) for ids, _ in parts]
        raise ArgumentError(f"parts have {lengths} queries, expected equal numbers", "parts")
    ids = np.concatenate([ids for ids, _ in parts], axis=1)
    scores = np.concatenate([scores for _, scores in parts], axis=1)
    order = _order(ids, scores, k) if len(parts) > 1 else None
    best_ids, best_scores = _taken(ids, scores, order, k)
    if len(parts) > 1:
        for row in np.flatnonzero(_repeats(best_ids)):
            best_ids[row], best_scores[row] = _unique(ids[row], scores[row], k)
    return best_ids, best_scores, (best_ids >= 0).sum(axis=1)


def _order(ids: Ids, scores: Scores, k: int) -> NDArray[np.intp]:
    """Columns of the k best of each row, of equal scores the first.

    Selecting before sorting is several times faster; rows that tie at place k are sorted whole.
    """
    keys = np.where(ids >= 0, -scores, np.float32(np.inf))
    if k >= keys.shape[1]:
        return np.argsort(keys, axis=1, kind="stable")
    chosen = keys <= np.partition(keys, k - 1, axis=1)[:, k - 1 : k]
    clear = chosen.sum(axis=1) == k
    order = np.empty((len(keys), k), np.intp)
    columns = np.nonzero(chosen[clear])[1].reshape(-1, k)
    places = np.argsort(np.take_along_axis(keys[clear], columns, axis=1), axis=1, kind="stable")
    order[clear] = np.take_along_axis(columns, places, axis=1)
    order[~clear] = np.argsort(keys[~clear], axis=1, kind="stable")[:, :k]
    return order


def _taken(ids: Ids, scores: Scores, order: NDArray[np.intp] | None, k: int) -> tuple[Ids, Scores]:
    if order is not None:
        ids = np.take_along_axis(ids, order, axis=1)
        scores = np.take_along_axis(scores, order, axis=1)
    found = np.full((len(ids), k), -1, np.int64), np.full((len(ids), k), -np.inf, np.float32)
    width = min(k, ids.shape[1])
    found[0][:, :width], found[1][:, :width] = ids[:, :width], scores[:, :width]
    return found


def _repeats(ids: Ids) -> NDArray[np.bool_]:
    """Mark the rows that have an id twice."""
    ordered = np.sort(ids, axis=1)
    same = (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)
    return np.asarray(same.any(axis=1))


def _unique(ids: Ids, scores: Scores, k: int) -> tuple[Ids, Scores]:
    """Return the k best of one row, each id once."""
    order = _order(ids[np.newaxis], scores[np.newaxis], len(ids))[0]
    order = order[ids[order] >= 0]
    first = np.sort(np.unique(ids[order], return_index=True)[1])
    best = order[first][np.newaxis]
    found = _taken(ids[np.newaxis], scores[np.newaxis], best, k)
    return found[0][0], found[1][0]
