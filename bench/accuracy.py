"""What codes alone cost: exact search on them, without a graph."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from vecq.bench.recommendation import outcome
from vecq.bench.records import Accuracy
from vecq.bench.truth import GroundTruth, best_on_codes
from vecq.datasets import Csr, Dataset

KINDS = ("fp32", "int8", "int16", "int12", "int4")  # in the order of the record's fields
# The most queries that exact search answers, spread evenly over the set.
QUERIES = 1000
# The measures of held-out items, and what records call them.
HELD_OUT = {"hit_rate": "hit_rate", "recall": "heldout_recall", "ndcg": "ndcg"}


def accuracy(
    data: Dataset, ks: Sequence[int], truth: GroundTruth, threads: int = 0
) -> Iterator[Accuracy]:
    """Yield the recall on every kind of codes, and measures of held-out items if there are any."""
    some = np.arange(0, len(data.test), -(-len(data.test) // QUERIES))
    queries, most = data.test[some], max(ks)
    found = {kind: best_on_codes(data, queries, most, kind, threads=threads) for kind in KINDS}
    for k in ks:
        right = truth.at(k, some)
        recalls = (right.recall(found[kind][:, :k]) for kind in KINDS)
        yield Accuracy(data.name, k, "recall", *recalls)
    if data.heldout is None:
        return
    seen = None if data.seen is None else _of(data.seen, some)
    heldout = _of(data.heldout, some)
    unseen = {
        kind: best_on_codes(data, queries, most, kind, seen=seen, threads=threads) for kind in KINDS
    }
    for k in ks:
        outcomes = [outcome(unseen[kind][:, :k], heldout) for kind in KINDS]
        for measure, name in HELD_OUT.items():
            if all(outcomes):
                yield Accuracy(data.name, k, name, *(values[measure] for values in outcomes))


def _of(lists: Csr, queries: NDArray[np.int64]) -> Csr:
    return Csr.of([lists.row(query) for query in queries])
