"""What codes alone lose, before any graph is built: decides which codecs deserve one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vecq.core.arrays import as_floats
from vecq.core.ranking import Ids, Values
from vecq.quantization.codec import Codec
from vecq.quantization.scan import brute_force
from vecq.tuning.criteria import margin
from vecq.tuning.limits import Clock
from vecq.tuning.problem import Judge, Problem
from vecq.tuning.space import Space

# Queries that are scanned for, and rows that errors are measured on, at most.
QUERIES, ROWS = 250, 4096
# Of the variants of a kind so many are looked at more closely: those with the smallest errors.
VARIANTS = 3
# What other queries would change in a recall.
CHANCE = 0.002


@dataclass(frozen=True)
class Store:
    """A codec, what it weighs, and what exact search on its codes gets.

    `values` has what each query gets, by query bits and by how many candidates per item are scored
    anew on float32, 0 for none.
    """

    codec: Codec
    bytes: float  # of a row
    values: dict[tuple[int, float], Values]


class Screening:
    """Exact searches on codes, each when it is first asked about."""

    def __init__(self, problem: Problem, space: Space, clock: Clock) -> None:
        self._problem, self._space, self._clock = problem, space, clock
        self._judge = _judge(problem, clock)
        self._sample = as_floats(problem.sample(ROWS))
        self._stores: dict[str, Store] = {}

    def shortlist(self) -> list[Store]:
        """The stores worth a closer look: the smallest first, and of equals the most accurate.

        Where the difference is no more than chance the plainer codec stays in front.
        """
        candidates = self._space.candidates(self._problem.metric)
        by_kind: dict[str, list[Codec]] = {}
        for codec in candidates:
            by_kind.setdefault(codec.kind, []).append(codec)
        kept = []
        for first, *others in by_kind.values():
            kept += [first, *sorted(others, key=self.error)[:VARIANTS]]
        stores = [self.store(codec) for codec in kept]
        return sorted(stores, key=lambda one: (one.bytes, -round(self.value(one) / CHANCE)))

    def store(self, codec: Codec) -> Store:
        name = repr(codec)
        if name not in self._stores:
            self._clock.check()
            values: dict[tuple[int, float], Values] = {}
            for bits in self._space.bits(codec):
                values |= self._scanned(codec, bits)
            self._stores[name] = Store(codec, bytes_of(codec, self._sample), values)
        return self._stores[name]

    def error(self, codec: Codec) -> float:
        """The mean squared error of decoded vectors, as a share of their mean square."""
        self._clock.check()
        decoded = _own(codec).encode(self._sample).decode()
        return float(((self._sample - decoded) ** 2).mean() / (self._sample**2).mean())

    def value(self, store: Store, rerank: float = 0, query_bits: int | None = None) -> float:
        """The most that a search may reach, in terms of the criterion."""
        bits = self._space.query_bits[0] if query_bits is None else query_bits
        return self._judge.value(store.values[bits, rerank])

    def feasible(self, store: Store, rerank: float, query_bits: int) -> bool:
        """Whether a search on these codes may meet the criterion if it misses nothing."""
        values = store.values[query_bits, rerank]
        slack = margin(values, self._judge.best, self._problem.criterion)
        return self._judge.value(values) + slack >= self._problem.criterion.least

    def _scanned(self, codec: Codec, bits: int) -> dict[tuple[int, float], Values]:
        problem, queries = self._problem, self._judge.queries
        factors = sorted(self._space.rerank_factors) if any(self._space.rerank_codecs) else []
        widest = min(int(np.ceil(max(factors, default=1) * problem.k)), len(problem.rows))
        found = brute_force(
            *(problem.rows, queries.vectors, problem.metric, widest),
            codec=_own(codec),
            exclude=queries.excluded,
            query_bits=bits,  # type: ignore[arg-type]
            threads=problem.threads,
            progress=self._clock.watch(f"codes, {codec}"),
        )
        values = {(bits, 0.0): self._judge.values(found.ids)}
        scores = true_scores(problem, queries.vectors, found.ids) if factors else None
        for factor in factors:
            assert scores is not None
            count = min(int(np.ceil(factor * problem.k)), widest)
            best = np.argsort(-scores[:, :count], axis=1, kind="stable")[:, : problem.k]
            values[bits, factor] = self._judge.values(np.take_along_axis(found.ids, best, axis=1))
        return values


def true_scores(problem: Problem, queries: NDArray[np.float32], ids: Ids) -> NDArray[np.float32]:
    """Scores of candidates on float32; minus infinity where there is none."""
    scores = np.empty(ids.shape, np.float32)
    for number, (query, own) in enumerate(zip(queries, ids, strict=True)):
        rows = as_floats(problem.rows[own])
        if problem.metric == "l2":
            scores[number] = -((rows - query) ** 2).sum(axis=1)
            continue
        scores[number] = rows @ query
        if problem.metric == "cosine":
            scores[number] /= np.maximum(np.linalg.norm(rows, axis=1), 1e-30)
    scores[ids < 0] = -np.inf
    return scores


def bytes_of(codec: Codec, sample: NDArray[np.float32]) -> float:
    """What a coded row weighs."""
    return _own(codec).encode(sample[:64]).nbytes / len(sample[:64])


def _own(codec: Codec) -> Codec:
    """An unfitted codec like it."""
    return Codec(**codec.settings)


def _judge(problem: Problem, clock: Clock) -> Judge:
    """Of some of the queries that tune."""
    queries = problem.tuning.queries
    if len(queries) <= QUERIES:
        return problem.tuning
    numbers: Sequence[int] = range(0, len(queries), -(-len(queries) // QUERIES))
    return problem.judge(queries.of(numbers), clock)
