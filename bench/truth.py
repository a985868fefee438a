"""Ground truth: the best rows for every query by float32 brute force, checked against faiss."""

import importlib.util
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import vecq
from vecq.bench.adapters.adapter import unit
from vecq.core.ranking import Truth
from vecq.datasets import Csr, Dataset
from vecq.datasets.best import keep_best, sort_best
from vecq.datasets.checks import scores as float64_scores

# Scores held at a time.
SCORES_AT_ONCE = 1 << 24
# Queries whose truth faiss confirms, and the rounding error of scores, relative to squared norms.
CHECKED, ROUNDING = 100, 1e-6

Ids = NDArray[np.int64]


@dataclass(frozen=True)
class GroundTruth:
    """The best rows of every query, somewhat more than the largest k, so that ties are known."""

    ids: Ids
    scores: NDArray[np.float32]
    source: str = ""

    def at(self, k: int, queries: Any = slice(None)) -> Truth:
        """Return the truth for the k best of some of the queries."""
        return Truth(self.ids[queries], self.scores[queries], k)


def ground_truth(data: Dataset, k: int, threads: int = 0) -> GroundTruth:
    """Find the k best rows of every query, and ask faiss whether they are right.

    Args:
        data: The data set. Neighbors that it brings along are not used, only compared.
        k: The largest number of neighbors that is asked for.
        threads: Number of threads; 0 = all cores. Default: 0.

    Returns:
        The truth; `source` tells how it was checked.

    Raises:
        VecqError: faiss finds better rows.
    """
    found = brute_force(data.train, data.test, data.metric, k, threads=threads)
    notes = ["float32 brute force", _check_by_faiss(data, found, k)]
    if data.neighbors is not None:
        own = min(k, data.neighbors.shape[1])
        agreement = found.at(own).recall(np.asarray(data.neighbors)[:, :own])
        notes.append(f"agrees with {agreement:.2%} of the data set's own neighbors")
    return GroundTruth(found.ids, found.scores, ", ".join(notes))


def brute_force(
    vectors: NDArray[np.float32],
    queries: NDArray[np.float32],
    metric: Any,
    k: int,
    threads: int = 0,
) -> GroundTruth:
    """Find the k best rows and some more by exact scoring on float32."""
    more = min(len(vectors), k + k // 4 + 16)
    found = vecq.brute_force(vectors, queries, metric, more, threads=threads)
    return GroundTruth(found.ids, found.scores)


def best_on_codes(
    data: Dataset,
    queries: NDArray[np.float32],
    k: int,
    kind: str,
    *,
    seen: Csr | None = None,
    threads: int = 0,
) -> Ids:
    """Find the k best rows by exact scoring on codes of a kind, without what queries have seen."""
    metric: Any = data.metric
    codec = vecq.Codec.of(kind, metric=metric)
    if codec.needs_fit:
        codec.fit(data.train)
    scores = np.full((len(queries), k), -np.inf, np.float32)
    ids = np.full(scores.shape, -1, np.int64)
    step = max(1, SCORES_AT_ONCE // len(queries))
    for first in range(0, len(data.train), step):
        codes = codec.encode(data.train[first : first + step], threads=threads)
        found = codec.score(codes, queries, metric, threads=threads)
        if seen is not None:
            _hide(found, seen, first)
        keep_best(scores, ids, found, first)
    scores, ids = sort_best(scores, ids)
    return np.where(scores == -np.inf, -1, ids)


def _check_by_faiss(data: Dataset, truth: GroundTruth, k: int) -> str:
    """Compare the scores of the k-th best, by our search and by faiss, both in float64."""
    if importlib.util.find_spec("faiss") is None:
        return "not checked: faiss is not installed"
    import faiss

    some = np.arange(0, len(data.test), -(-len(data.test) // CHECKED))
    queries, rows = data.test[some], data.train
    if data.metric == "cosine":
        queries, rows = unit(queries), unit(rows)
    metric = faiss.METRIC_L2 if data.metric == "l2" else faiss.METRIC_INNER_PRODUCT
    queries, rows = np.ascontiguousarray(queries), np.ascontiguousarray(rows)
    theirs = faiss.knn(queries, rows, k, metric=metric)[1]
    squares = np.einsum("ij,ij->i", queries, queries) + np.einsum("ij,ij->i", rows, rows).max()
    for query, square, own, other in zip(some, squares, truth.ids[some, :k], theirs, strict=True):
        vector = data.test[query : query + 1]
        least, best = (
            float(float64_scores(data.metric, vector, data.train[ids]).min())
            for ids in (own, other)
        )
        if best - least > ROUNDING * square:
            raise vecq.VecqError(
                f"brute force and faiss disagree on query {query} of {data.name}: the {k:,}th best "
                f"scores {least:.6g} by vecq and {best:.6g} by faiss"
            )
    return f"checked against faiss on {len(some):,} queries"


def _hide(scores: NDArray[np.float32], seen: Csr, first: int) -> None:
    """Give the worst score to rows from `first` on that a query has seen."""
    queries = np.repeat(np.arange(len(scores)), np.diff(seen.indptr))
    columns = seen.indices - first
    here = (columns >= 0) & (columns < scores.shape[1])
    scores[queries[here], columns[here]] = -np.inf
