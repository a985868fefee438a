"""What a codec costs in accuracy, graph and everything else aside."""

import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecq.core.arguments import whole
from vecq.core.arrays import as_floats, as_vectors
from vecq.core.errors import ArgumentError, QuantizationWarning
from vecq.core.ranking import score_recall
from vecq.quantization.codec import KINDS, Codec
from vecq.quantization.codes import Codes
from vecq.quantization.metric import Metric, as_metric

QUERIES = 500
# Scores held at a time, for each codec.
SCORES_AT_ONCE = 1 << 24
# A loss of recall worth a warning, and a share of clipped values worth being named for it.
NOTABLE_LOSS, NOTABLE_CLIPPING = 0.005, 0.001

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class CodecCost:
    """What one codec costs on the vectors and queries of an assessment."""

    codec: Codec
    bytes_per_vector: float  # codes with their padding, and constants
    compression: float  # float32 bytes over those
    signal_to_noise: float  # decibels, of the decoded vectors
    score_error: float  # root mean square, in standard deviations of the true scores
    recall: float  # share of the true top k that exact search on the codes finds
    clipped: NDArray[np.float64]  # share of clipped values, by dimension


@dataclass(frozen=True)
class Assessment:
    """Quantization-only loss: exact search on codes against exact search on float32.

    `costs` has fp32 first and the assessed codecs last; printing it shows them side by side.
    """

    costs: tuple[CodecCost, ...]
    metric: str
    k: int
    vectors: int
    dim: int
    queries: int
    own_queries: bool  # queries were drawn from the vectors

    @property
    def recall(self) -> float:
        """Recall of the codec that was asked about (the last one)."""
        return self.costs[-1].recall

    def __str__(self) -> str:
        names = [
            repr(cost.codec).removeprefix("vecq.Codec(").removesuffix(")").replace("'", "")
            for cost in self.costs
        ]
        width = max(map(len, names)) + 2
        title = f"recall@{self.k}"
        lines = [
            f"{self.vectors:,} x {self.dim} vectors, {self.queries:,} queries, {self.metric}; "
            "exact search on codes against exact search on float32",
            f"{'codec':<{width}}{'bytes':>7}{'smaller':>9}{'SNR dB':>8}{'score error':>13}"
            f"{title:>13}{'difference':>12}{'clipped':>9}",
        ]
        for name, cost in zip(names, self.costs, strict=True):
            lines.append(
                f"{name:<{width}}{cost.bytes_per_vector:>7.0f}{cost.compression:>8.2f}x"
                f"{cost.signal_to_noise:>8.1f}{cost.score_error:>13.5f}"
                f"{cost.recall:>13.4f}{cost.recall - 1:>+12.4f}{cost.clipped.mean():>9.2%}"
            )
        if self.own_queries:
            lines.append("Queries are vectors of the set: give real ones for a figure to rely on.")
        return "\n".join(lines)


def assess(
    vectors: ArrayLike,
    queries: ArrayLike | None = None,
    metric: Metric | str = "ip",
    k: int = 100,
    *,
    codecs: Codec | str | Iterable[Codec | str] = "int8",
    query_bits: Literal[8, 15] = 15,
    seed: int = 0,
    threads: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Assessment:
    """Measures what a codec alone costs: no graph, no approximation but the codes.

    All kinds are measured beside the codec, or codecs, that are asked about. Of more than 500
    queries 500 are drawn by `seed`; without queries, vectors are drawn, and none finds itself.
    Names stand for the codecs that `vecq.Index` makes of them: under "l2" integer kinds centre.
    `progress(done, total)` is called as vectors are worked through. A `QuantizationWarning` names
    the dimensions where clipping costs recall.

    >>> items = numpy.random.default_rng(0).standard_normal((5000, 64), dtype="float32")
    >>> vecq.assess(items, k=10).recall > 0.97
    True
    """
    metric = as_metric(metric)
    rows = as_vectors(vectors, "vectors")
    chosen, own = _choose_queries(rows, queries, seed)
    available = len(rows) - (queries is None)
    k = whole(k, "k", 1, available)
    contestants = [_Contestant(c, rows, len(chosen), k) for c in _codecs(codecs, metric)]
    truth = contestants[0]
    for first, last in _ranges(len(rows), max(1, SCORES_AT_ONCE // len(chosen))):
        part = rows[first:last]
        hidden = own is not None and (own >= first) & (own < last)
        for contestant in contestants:
            codes = contestant.codec.encode(part, threads=threads)
            scores = contestant.codec.score(
                codes, chosen, metric, query_bits=query_bits, threads=threads
            )
            if own is not None:
                scores[hidden, own[hidden] - first] = -np.inf
            if contestant is truth:
                true_scores = scores
            contestant.add(part, codes, scores, true_scores)
        if progress is not None:
            progress(last, len(rows))
    costs = tuple(contestant.cost(truth) for contestant in contestants)
    for cost in costs:
        _warn(cost, k)
    count, dim = rows.shape
    return Assessment(costs, metric, k, count, dim, len(chosen), queries is None)


def _codecs(asked: Codec | str | Iterable[Codec | str], metric: Metric) -> list[Codec]:
    """All kinds, then those asked about that are not among them; asked ones come last."""
    given = [asked] if isinstance(asked, Codec | str) else asked
    wanted = [Codec.of(c, "codecs", metric=metric) for c in given]
    names = [repr(c) for c in wanted]
    others = [Codec.of(kind, metric=metric) for kind in KINDS]
    return [others[0], *(c for c in others[1:] if repr(c) not in names), *wanted]


def _choose_queries(
    rows: NDArray[np.floating], queries: ArrayLike | None, seed: int
) -> tuple[Floats, NDArray[np.intp] | None]:
    """Returns the queries, and which rows they are if they were drawn from those."""
    source = rows if queries is None else as_vectors(queries, "queries", rows.shape[1])
    if len(source) == 0:
        argument = "vectors" if queries is None else "queries"
        raise ArgumentError(f"{argument} is empty, expected at least one row", argument)
    count = min(len(source), QUERIES)
    seed = whole(seed, "seed", 0, 2**63 - 1)
    drawn = np.sort(np.random.default_rng(seed).choice(len(source), count, replace=False))
    return as_floats(source[drawn]), drawn if queries is None else None


def _ranges(count: int, step: int) -> Iterator[tuple[int, int]]:
    for first in range(0, count, step):
        yield first, min(first + step, count)


class _Contestant:
    """One codec, and what is summed up about it while the vectors pass by."""

    def __init__(self, codec: Codec, rows: NDArray[np.floating], queries: int, k: int) -> None:
        self.codec = codec
        if codec.dim is None and codec.needs_fit:
            codec.fit(rows)
        self.k, self.bytes, self.rows, self.compared = k, 0, 0, 0
        self.signal = self.noise = self.error = self.total = self.squares = 0.0
        self.clipped = np.zeros(rows.shape[1])
        # The best k so far of each query, by this codec's score; beside each its true score.
        self.best = np.empty((2, queries, 0), np.float32)

    def add(
        self, part: NDArray[np.floating], codes: Codes, scores: Floats, true_scores: Floats
    ) -> None:
        self.bytes += codes.nbytes
        self.rows += len(codes)
        self.clipped += codes.clipped_by_dimension
        exact = part.astype(np.float64)
        self.signal += float((exact**2).sum())
        self.noise += float(((exact - codes.decode()) ** 2).sum())
        seen = np.isfinite(true_scores)
        true = true_scores[seen].astype(np.float64)
        self.error += float(((scores[seen] - true) ** 2).sum())
        self.total += float(true.sum())
        self.squares += float((true**2).sum())
        self.compared += true.size
        both = np.concatenate([self.best, np.stack([scores, true_scores])], axis=2)
        if both.shape[2] > self.k:
            keep = np.argpartition(-both[0], self.k - 1, axis=1)[:, : self.k]
            both = np.take_along_axis(both, keep[None], axis=2)
        self.best = both

    def cost(self, truth: "_Contestant") -> CodecCost:
        # By score and not by number: of equal vectors any will do.
        kth = truth.best[1].min(axis=1, keepdims=True)
        variance = self.squares / self.compared - (self.total / self.compared) ** 2
        per_vector = self.bytes / self.rows
        return CodecCost(
            codec=self.codec,
            bytes_per_vector=per_vector,
            compression=4 * len(self.clipped) / per_vector,
            signal_to_noise=10 * float(np.log10(self.signal / self.noise))
            if self.noise
            else np.inf,
            score_error=float(np.sqrt(self.error / self.compared / variance))
            if variance > 0
            else 0,
            recall=score_recall(self.best[1], kth),
            clipped=self.clipped / self.rows,
        )


def _warn(cost: CodecCost, k: int) -> None:
    worst = [int(d) for d in np.argsort(-cost.clipped) if cost.clipped[d] > NOTABLE_CLIPPING]
    if 1 - cost.recall <= NOTABLE_LOSS or not worst:
        return
    named = ", ".join(f"{d} ({cost.clipped[d]:.1%})" for d in worst[:5])
    more = f" and {len(worst) - 5} more" if len(worst) > 5 else ""
    warnings.warn(
        f"{cost.codec} loses {100 * (1 - cost.recall):.1f} points of recall@{k}, and clips values "
        f"of dimensions {named}{more}: try scale='vector', calibration='minmax', or a sample that "
        "holds the largest values",
        QuantizationWarning,
        stacklevel=3,
    )
