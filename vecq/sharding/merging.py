"""Merging: the k best results of several shards for each query, exactly."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq.core.errors import ArgumentError
from vecq.sharding.groups import ShardedGroups

Ids = NDArray[Any]
Scores = NDArray[np.float32]
Counts = NDArray[np.int64]


def merge(
    parts: Sequence[tuple[Ids, Scores]],
    k: int,
    *,
    group_by: ShardedGroups | None = None,
    per_group: int = 1,
) -> tuple[Ids, Scores, Counts]:
    """Merge the results of shards.

    Exact: an item among the k best of all is among the k best of its shard. Items of equal score
    keep the order of the shards. An id that several shards return is kept once, with its best
    score.

    Args:
        parts: Ids and scores of each shard, a row for each query, best first; -1 where a shard has
            no more results, or None if ids are strings.
        k: Number of results per query.
        group_by: The groups by which the shards were searched. Default: None.
        per_group: Number of results per group, as the shards were searched. Default: 1.

    Returns:
        Ids, scores and the number of results of each query; -1 or None and minus infinity where
        there are no more.

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
    if len(parts) == 1:
        return _counted(*_taken(*parts[0], None, k))
    if group_by is not None:
        return _counted(*_merged(*_limited(*_joined(parts), group_by, per_group), k))
    best_ids, best_scores = _merged(*_joined(_trimmed(parts, k)), k)
    repeated = np.flatnonzero(_repeats(best_ids))
    if len(repeated) > 0:
        ids, scores = _joined(parts)
        for row in repeated:
            best_ids[row], best_scores[row] = _unique(ids[row], scores[row], k)
    return _counted(best_ids, best_scores)


def _counted(ids: Ids, scores: Scores) -> tuple[Ids, Scores, Counts]:
    return ids, scores, _present(ids).sum(axis=1)


def _joined(parts: Sequence[tuple[Ids, Scores]]) -> tuple[Ids, Scores]:
    ids, scores = (np.concatenate(columns, axis=1) for columns in zip(*parts, strict=True))
    return ids, scores


def _trimmed(parts: Sequence[tuple[Ids, Scores]], k: int) -> Sequence[tuple[Ids, Scores]]:
    """Cut off the ends of parts that are not among the k best of any row.

    The best k / n of each of n parts are k results; none of the k best is worse than all of these.
    """
    share = -(-k // len(parts))
    if any(scores.shape[1] < share for _, scores in parts):
        return parts
    least = np.min([scores[:, share - 1] for _, scores in parts], axis=0)[:, np.newaxis]
    widths = [np.count_nonzero((scores >= least).any(axis=0)) for _, scores in parts]
    return [
        (ids[:, :width], scores[:, :width])
        for (ids, scores), width in zip(parts, widths, strict=True)
    ]


def _limited(
    ids: Ids, scores: Scores, group_by: ShardedGroups, per_group: int
) -> tuple[Ids, Scores]:
    """Remove the results of each row after the `per_group` best ones of their group."""
    groups, surplus = group_by.numbers_of(ids), np.zeros(ids.shape, bool)
    for own, best, marks in zip(groups, _order(ids, scores, ids.shape[1]), surplus, strict=True):
        grouped = best[np.argsort(own[best], kind="stable")]  # by group, the best first
        begins = np.flatnonzero(np.diff(own[grouped], prepend=-1))
        rank = np.arange(len(own)) - np.repeat(begins, np.diff(begins, append=len(own)))
        marks[grouped] = rank >= per_group
    return np.where(surplus, _none(ids), ids), np.where(surplus, np.float32(-np.inf), scores)


def _merged(ids: Ids, scores: Scores, k: int) -> tuple[Ids, Scores]:
    return _taken(ids, scores, _order(ids, scores, k), k)


def _none(ids: Ids) -> Any:
    """Return what stands for no result."""
    return None if ids.dtype == object else -1


def _present(ids: Ids) -> NDArray[np.bool_]:
    """Mark the places that have a result."""
    return np.asarray(ids != None if ids.dtype == object else ids >= 0, bool)  # noqa: E711


def _order(ids: Ids, scores: Scores, k: int) -> NDArray[np.intp]:
    """Columns of the k best of each row, of equal scores the first.

    Selecting before sorting is several times faster; rows that tie at place k are sorted whole.
    """
    keys = np.where(_present(ids), -scores, np.float32(np.inf))
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
    found = (
        np.full((len(ids), k), _none(ids), ids.dtype),
        np.full((len(ids), k), -np.inf, np.float32),
    )
    width = min(k, ids.shape[1])
    found[0][:, :width], found[1][:, :width] = ids[:, :width], scores[:, :width]
    return found


def _repeats(ids: Ids) -> NDArray[np.bool_]:
    """Mark the rows that have an id twice."""
    if ids.dtype == object:
        lists = ([one for one in row if one is not None] for row in ids.tolist())
        return np.array([len(set(row)) < len(row) for row in lists], bool)
    ordered = np.sort(ids, axis=1)
    same = (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)
    return np.asarray(same.any(axis=1))


def _unique(ids: Ids, scores: Scores, k: int) -> tuple[Ids, Scores]:
    """Return the k best of one row, each id once."""
    order = _order(ids[np.newaxis], scores[np.newaxis], len(ids))[0]
    order = order[_present(ids[order])]
    first = np.sort(np.unique(ids[order], return_index=True)[1])
    best = order[first][np.newaxis]
    found = _taken(ids[np.newaxis], scores[np.newaxis], best, k)
    return found[0][0], found[1][0]
