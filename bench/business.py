"""What the business sees: whether recommendations hold what users chose later."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq.bench.adapters import Adapter, Setting
from vecq.datasets import Dataset

Ids = NDArray[np.int64]


def outcome(ids: Ids, heldout: Any) -> dict[str, float]:
    """Hit rate, recall and NDCG of held-out items, over the users that have any.

    `heldout` is (indptr, indices), a list for each row of `ids`; an id counts once for each user.

    >>> outcome(numpy.array([[3, 1]]), ([0, 1], [1]))
    {'hit_rate': 1.0, 'recall': 1.0, 'ndcg': 0.6309...}
    """
    indptr, indices = (np.asarray(part) for part in heldout)
    gains = 1 / np.log2(np.arange(2, ids.shape[1] + 2))
    hits, recalls, ndcgs = [], [], []
    for row, first, last in zip(ids, indptr[:-1], indptr[1:], strict=True):
        chosen = np.unique(indices[first:last])
        if len(chosen) == 0:
            continue
        right = np.isin(row, chosen) & _first_time(row)
        hits.append(right.any())
        recalls.append(right.sum() / len(chosen))
        ndcgs.append(gains[right].sum() / gains[: len(chosen)].sum())
    if not hits:
        return {}
    return {
        "hit_rate": float(np.mean(hits)),
        "recall": float(np.mean(recalls)),
        "ndcg": float(np.mean(ndcgs)),
    }


def recommend(
    adapter: Adapter, data: Dataset, queries: Any, k: int, setting: Setting, threads: int
) -> Ids:
    """What every user gets: the `k` best of what they have not seen.

    Of who can't leave seen ones out more are asked for, as many as the longest list is long, and
    seen ones are dropped.
    """
    rows = len(data.train)
    seen = ([0] * (len(queries) + 1), np.empty(0, np.int64)) if data.seen is None else data.seen
    adapter.set(setting, k, threads)
    if data.seen is not None and (answer := adapter.search_unseen(queries, k, seen)) is not None:
        return np.asarray(adapter.ids(answer)).astype(np.int64)
    asked = min(rows, k + int(np.diff(seen[0]).max(initial=0)))
    adapter.set(setting, asked, threads)
    found = np.asarray(adapter.ids(adapter.search(queries, asked))).astype(np.int64)
    return drop(found, seen, k)


def drop(ids: Ids, seen: Any, k: int) -> Ids:
    """The first `k` ids of each row that are not on its list of seen ones."""
    indptr, indices = seen
    kept = np.full((len(ids), k), -1, np.int64)
    for row, into, first, last in zip(ids, kept, indptr[:-1], indptr[1:], strict=True):
        fresh = row[(row >= 0) & ~np.isin(row, indices[first:last])][:k]
        into[: len(fresh)] = fresh
    return kept


def _first_time(row: Ids) -> NDArray[np.bool_]:
    marks = np.zeros(len(row), bool)
    marks[np.unique(row, return_index=True)[1]] = True
    return marks
