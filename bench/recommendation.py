"""What users would see: items that they chose later, among answers without what they had seen."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq.bench.adapters import Adapter, Setting
from vecq.core.ranking import choice_recalls, hit_rates, ndcgs
from vecq.datasets import Dataset

Ids = NDArray[np.int64]


def outcome(ids: Ids, heldout: Any) -> dict[str, float]:
    """Average hit rate, recall and NDCG of held-out items over the users that have any.

    Args:
        ids: The answers, a row for each user.
        heldout: A list of items for each user, as (indptr, indices).

    Returns:
        "hit_rate", "recall" and "ndcg"; empty if no user has held-out items.

    >>> outcome(numpy.array([[3, 1]]), ([0, 1], [1]))
    {'hit_rate': 1.0, 'recall': 1.0, 'ndcg': 0.6309...}
    """
    indptr, indices = (np.asarray(part) for part in heldout)
    users = np.flatnonzero(np.diff(indptr))
    if len(users) == 0:
        return {}
    chosen = [indices[indptr[user] : indptr[user + 1]] for user in users]
    measures = {"hit_rate": hit_rates, "recall": choice_recalls, "ndcg": ndcgs}
    return {name: float(measure(ids[users], chosen).mean()) for name, measure in measures.items()}


def recommend(
    adapter: Adapter, data: Dataset, queries: Any, k: int, setting: Setting, threads: int
) -> Ids:
    """Return the k best unseen items of every user.

    An adapter that cannot exclude items is asked for as many more as the longest list of seen
    items is long, and seen ones are dropped.
    """
    rows = len(data.train)
    seen = ([0] * (len(queries) + 1), np.empty(0, np.int64)) if data.seen is None else data.seen
    adapter.set(setting, k, threads)
    if data.seen is not None and (answer := adapter.search_unseen(queries, k, seen)) is not None:
        return np.asarray(adapter.ids(answer)).astype(np.int64)
    wanted = min(rows, k + int(np.diff(seen[0]).max(initial=0)))
    adapter.set(setting, wanted, threads)
    found = np.asarray(adapter.ids(adapter.search(queries, wanted))).astype(np.int64)
    return drop(found, seen, k)


def drop(ids: Ids, seen: Any, k: int) -> Ids:
    """Return the first k ids of each row that the user has not seen, padded with -1."""
    indptr, indices = seen
    kept = np.full((len(ids), k), -1, np.int64)
    for row, into, first, last in zip(ids, kept, indptr[:-1], indptr[1:], strict=True):
        fresh = row[(row >= 0) & ~np.isin(row, indices[first:last])][:k]
        into[: len(fresh)] = fresh
    return kept
