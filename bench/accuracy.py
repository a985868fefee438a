"""What codes alone cost: exact search on them, no graph."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from vecq.bench.answers import recall_of
from vecq.bench.business import outcome
from vecq.bench.records import Accuracy
from vecq.bench.truth import best_on_codes
from vecq.datasets import Csr, Dataset

KINDS = ("fp32", "int8", "int16")
# Exact search asks so many queries at most, spread over the set.
QUERIES = 1000


def accuracy(
    data: Dataset, ks: Sequence[int], truth: NDArray[np.int64], threads: int = 0
) -> Iterator[Accuracy]:
    """Recall on every kind of code, and what users see of it where held-out items are known."""
    asked = np.arange(0, len(data.test), -(-len(data.test) // QUERIES))
    queries, most = data.test[asked], max(ks)
    found = {kind: best_on_codes(data, queries, most, kind, threads=threads) for kind in KINDS}
    for k in ks:
        recalls = {kind: recall_of(found[kind][:, :k], truth[asked, :k]) for kind in KINDS}
        yield Accuracy(data.name, k, "recall", **recalls)
    if data.heldout is None:
        return
    seen = None if data.seen is None else _of(data.seen, asked)
    heldout = _of(data.heldout, asked)
    fresh = {
        kind: best_on_codes(data, queries, most, kind, seen=seen, threads=threads) for kind in KINDS
    }
    for k in ks:
        outcomes = {kind: outcome(fresh[kind][:, :k], heldout) for kind in KINDS}
        for name, called in (
            ("hit_rate", "hit_rate"),
            ("recall", "heldout_recall"),
            ("ndcg", "ndcg"),
        ):
            if all(outcomes.values()):
                values = {kind: outcomes[kind][name] for kind in KINDS}
                yield Accuracy(data.name, k, called, **values)


def _of(lists: Csr, queries: NDArray[np.int64]) -> Csr:
    return Csr.of([lists.row(query) for query in queries])
