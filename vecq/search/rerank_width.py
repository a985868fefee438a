"""Measures how many candidates to rescore on the rerank store so that hardly a result is lost."""

import math

import numpy as np
from numpy.typing import NDArray

from vecq.core.native_index import NativeIndex
from vecq.search.knn import search_numbers as search

# Share of the results that the rescored candidates must hold.
ENOUGH = 0.9995
# Candidates among which the results are looked for, as a multiple of k, and at least.
MOST_TIMES, AT_LEAST = 20, 2000
# The largest `rerank_factor` of a search, and candidates held at once.
LARGEST_FACTOR, AT_ONCE = 1000, 1 << 22


def rerank_width(native: NativeIndex, queries: NDArray[np.float32], k: int, threads: int) -> int:
    """Return the least number of candidates that hold the k results of nearly all queries."""
    widest = min(len(native), max(MOST_TIMES * k, AT_LEAST), LARGEST_FACTOR * k)
    step = max(1, AT_ONCE // widest)
    found = [
        _ranks(native, queries[first : first + step], k, widest, threads)
        for first in range(0, len(queries), step)
    ]
    ranks = np.sort(np.concatenate(found))
    return max(k, int(ranks[math.ceil(ENOUGH * len(ranks)) - 1]) + 1)


def _ranks(
    native: NativeIndex, queries: NDArray[np.float32], k: int, widest: int, threads: int
) -> NDArray[np.intp]:
    """Return the rank of every result among the candidates that the codes alone find.

    A result that is not among them gets the last rank.
    """
    coded = search(native, queries, widest, plan="scan", rerank_factor=0, threads=threads)
    best = search(native, queries, k, plan="scan", rerank_factor=widest / k, threads=threads)
    ranks = []
    for candidates, results in zip(coded.ids, best.ids, strict=True):
        order = np.argsort(candidates)
        wanted, last = results[results >= 0], len(order) - 1
        found = order[np.minimum(np.searchsorted(candidates, wanted, sorter=order), last)]
        ranks.append(np.where(candidates[found] == wanted, found, last))
    return np.concatenate(ranks)
