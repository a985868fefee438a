"""Screens codecs by the loss of exact search over their codes, before any graph is built."""

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

QUERIES = 250  # most queries of a scan
ROWS = 4096  # most rows that quantization errors are measured on
VARIANTS = 3  # variants of a kind that are scanned: those with the smallest errors
CHANCE = 0.002  # differences of recall that other queries could reverse


@dataclass(frozen=True)
class CodecLoss:
    """The size of a codec, and the accuracy of exact search over its codes.

    Args:
        codec: The codec.
        bytes: Size of a row.
        values: Accuracy of each query, by query bits and by the factor of candidates that are
            rescored on float32, 0 for none.
    """

    codec: Codec
    bytes: float
    values: dict[tuple[int, float], Values]


class Screening:
    """Measures the loss of each codec once, when it is first needed."""

    def __init__(self, problem: Problem, space: Space, clock: Clock) -> None:
        self._problem, self._space, self._clock = problem, space, clock
        self._judge = _judge(problem, clock)
        self._sample = as_floats(problem.sample(ROWS))
        self._losses: dict[str, CodecLoss] = {}

    def shortlist(self) -> list[CodecLoss]:
        """Return the losses of promising codecs: small codes first, then accurate ones.

        Of codecs that differ by no more than chance, the one with simpler settings comes first.
        """
        candidates = self._space.candidates(self._problem.metric)
        by_kind: dict[str, list[Codec]] = {}
        for codec in candidates:
            by_kind.setdefault(codec.kind, []).append(codec)
        kept = []
        for first, *others in by_kind.values():
            kept += [first, *sorted(others, key=self.error)[:VARIANTS]]
        losses = [self.loss(codec) for codec in kept]
        return sorted(losses, key=lambda one: (one.bytes, -round(self.value(one) / CHANCE)))

    def loss(self, codec: Codec) -> CodecLoss:
        name = repr(codec)
        if name not in self._losses:
            self._clock.check()
            values: dict[tuple[int, float], Values] = {}
            for bits in self._space.bits(codec):
                values |= self._scanned(codec, bits)
            self._losses[name] = CodecLoss(codec, bytes_of(codec, self._sample), values)
        return self._losses[name]

    def error(self, codec: Codec) -> float:
        """Return the mean squared error of decoded vectors, relative to their mean square."""
        self._clock.check()
        decoded = _unfitted(codec).encode(self._sample).decode()
        return float(((self._sample - decoded) ** 2).mean() / (self._sample**2).mean())

    def value(self, loss: CodecLoss, rerank: float = 0, query_bits: int | None = None) -> float:
        """Return the highest value of the criterion that a search can reach."""
        bits = self._space.query_bits[0] if query_bits is None else query_bits
        return self._judge.value(loss.values[bits, rerank])

    def is_feasible(self, loss: CodecLoss, rerank: float, query_bits: int) -> bool:
        """Return whether a search that misses nothing else can meet the criterion."""
        values = loss.values[query_bits, rerank]
        slack = margin(values, self._judge.best, self._problem.criterion)
        return self._judge.value(values) + slack >= self._problem.criterion.least

    def _scanned(self, codec: Codec, bits: int) -> dict[tuple[int, float], Values]:
        problem, queries = self._problem, self._judge.queries
        factors = sorted(self._space.rerank_factors) if any(self._space.rerank_codecs) else []
        most = min(int(np.ceil(max(factors, default=1) * problem.k)), len(problem.rows))
        found = brute_force(
            *(problem.rows, queries.vectors, problem.metric, most),
            codec=_unfitted(codec),
            exclude=queries.excluded,
            query_bits=bits,  # type: ignore[arg-type]
            threads=problem.threads,
            progress=self._clock.watch(f"codes, {codec}"),
        )
        values = {(bits, 0.0): self._judge.values(found.ids)}
        scores = true_scores(problem, queries.vectors, found.ids) if factors else None
        for factor in factors:
            assert scores is not None
            count = min(int(np.ceil(factor * problem.k)), most)
            best = np.argsort(-scores[:, :count], axis=1, kind="stable")[:, : problem.k]
            values[bits, factor] = self._judge.values(np.take_along_axis(found.ids, best, axis=1))
        return values


def true_scores(problem: Problem, queries: NDArray[np.float32], ids: Ids) -> NDArray[np.float32]:
    """Return the float32 scores of candidates; minus infinity for empty places."""
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
    """Return the bytes of an encoded row."""
    return _unfitted(codec).encode(sample[:64]).nbytes / len(sample[:64])


def _unfitted(codec: Codec) -> Codec:
    """Return an unfitted copy."""
    return Codec(**codec.settings)


def _judge(problem: Problem, clock: Clock) -> Judge:
    """Return a judge of at most QUERIES of the tuning queries."""
    queries = problem.tuning.queries
    if len(queries) <= QUERIES:
        return problem.tuning
    numbers: Sequence[int] = range(0, len(queries), -(-len(queries) // QUERIES))
    return problem.judge(queries.of(numbers), clock)
