"""Assessment: the recall that codecs alone lose, without a graph."""

from __future__ import annotations  # short signatures in help()

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecq.core import html
from vecq.core.arguments import whole
from vecq.core.arrays import as_floats, as_vectors
from vecq.core.errors import ArgumentError, QuantizationWarning
from vecq.core.plots import bar
from vecq.core.progress import Progress, Report
from vecq.core.ranking import score_recall
from vecq.core.warn import warn_caller
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
    """The cost of one codec on the vectors and queries of an assessment."""

    codec: Codec
    bytes_per_vector: float  # codes with their padding, and constants
    compression: float  # float32 bytes over those
    signal_to_noise: float  # decibels, of the decoded vectors
    score_error: float  # root mean square, in standard deviations of the true scores
    recall: float  # share of the true top k that exact search on the codes finds
    clipped: NDArray[np.float64]  # share of clipped values, by dimension


@dataclass(frozen=True)
class Assessment:
    """The recall that codecs lose: brute force on codes against brute force on float32.

    `costs` goes from most to fewest bits per value, fp32 first. Print it to see the codecs side by
    side, with a * at those that were asked for.
    """

    costs: tuple[CodecCost, ...]
    metric: str
    k: int
    vectors: int
    dim: int
    queries: int
    own_queries: bool  # queries were drawn from the vectors
    asked: tuple[int, ...]  # places in `costs` of the codecs that were asked for

    @property
    def recall(self) -> float:
        """Recall of the last codec that was asked for."""
        return self.costs[self.asked[-1]].recall

    def __str__(self) -> str:
        names = self._names()
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
            lines.append("The queries are items: pass real queries for reliable figures.")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        most = max(cost.bytes_per_vector for cost in self.costs)
        header = (
            "codec",
            "bytes",
            "smaller",
            "SNR dB",
            "score error",
            f"recall@{self.k}",
            "clipped",
        )
        rows = [
            (
                name,
                bar(cost.bytes_per_vector / most, f"{cost.bytes_per_vector:.0f}"),
                f"{cost.compression:.2f}x",
                f"{cost.signal_to_noise:.1f}",
                f"{cost.score_error:.5f}",
                bar(cost.recall, f"{cost.recall:.4f}"),
                f"{cost.clipped.mean():.2%}",
            )
            for name, cost in zip(self._names(), self.costs, strict=True)
        ]
        caption = f"{self.vectors:,} x {self.dim} vectors, {self.queries:,} queries, {self.metric}"
        return html.table(caption, header, rows)

    def _names(self) -> list[str]:
        names = [
            repr(cost.codec).removeprefix("vecq.Codec(").removesuffix(")").replace("'", "")
            for cost in self.costs
        ]
        return [name + " *" * (place in self.asked) for place, name in enumerate(names)]


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
    progress: Progress = None,
) -> Assessment:
    """Measure the recall that codecs alone lose: brute force on codes against float32.

    No graph is built. "fp32", "fp16", "int16", "int12", "int8" and "int4" are always measured, so
    that the table compares them. A `QuantizationWarning` names the dimensions where clipping costs
    recall.

    Args:
        vectors: The items, one per row.
        queries: Vectors like the queries to come; of more than 500, 500 are drawn. Default: drawn
            from the items, each excluded from its own results.
        metric: "ip", "cosine" or "l2". Default: "ip".
        k: Number of results whose recall counts. Default: 100.
        codecs: The codec to assess, or several: names, which stand for the codecs that
            `vecq.Index` makes of them, or `vecq.Codec` objects, which stay unfitted if they are.
            Default: "int8".
        query_bits: Precision of the query, as in `vecq.Index.search`. Default: 15.
        seed: Seed of the draw of queries. Default: 0.
        threads: Threads; 0 for all cores. Default: 0.
        progress: As in `vecq.Index.add`. Default: None, a bar in terminals for work of seconds.

    Returns:
        The costs of each codec; print it to see them side by side.

    Raises:
        ArgumentError: An argument is none of these.

    >>> items = numpy.random.default_rng(0).standard_normal((5000, 64), dtype="float32")
    >>> vecq.assess(items, k=10).recall > 0.97
    True
    """
    metric = as_metric(metric)
    rows = as_vectors(vectors, "vectors")
    chosen, own = _choose_queries(rows, queries, seed)
    k = whole(k, "k", 1, len(rows) - (queries is None))
    compared, asked = _codecs(codecs, metric)
    measured = [_Measurement(codec, rows, len(chosen), k) for codec in compared]
    truth = measured[0]
    with Report(progress, len(rows)) as report:
        for first, last in _ranges(len(rows), max(1, SCORES_AT_ONCE // len(chosen))):
            part = rows[first:last]
            hidden = own is not None and (own >= first) & (own < last)
            for one in measured:
                codes = one.codec.encode(part, threads=threads)
                scores = one.codec.score(
                    codes, chosen, metric, query_bits=query_bits, threads=threads
                )
                if own is not None:
                    scores[hidden, own[hidden] - first] = -np.inf
                if one is truth:
                    true_scores = scores
                one.add(part, codes, scores, true_scores)
            report(last, len(rows))
    costs = tuple(one.cost(truth) for one in measured)
    for cost in costs:
        _warn(cost, k)
    count, dim = rows.shape
    return Assessment(costs, metric, k, count, dim, len(chosen), queries is None, asked)


def _codecs(
    asked: Codec | str | Iterable[Codec | str], metric: Metric
) -> tuple[list[Codec], tuple[int, ...]]:
    """Return fp32, the other kinds and the requested codecs, from most to fewest bits.

    Also returns the positions of the requested codecs, in the order of the request.
    """
    given = [asked] if isinstance(asked, Codec | str) else asked
    wanted = [_unfitted_copy(Codec.of(c, "codecs", metric=metric)) for c in given]
    if not wanted:
        raise ArgumentError("codecs is empty, expected at least one", "codecs")
    names = [repr(c) for c in wanted]
    truth, *kinds = (Codec.of(kind, metric=metric) for kind in KINDS)
    others = [c for c in kinds if repr(c) not in names]
    others += [c for c in wanted if repr(c) != repr(truth)]
    compared = [truth, *sorted(others, key=lambda c: list(KINDS).index(c.kind))]
    places = {id(c): place for place, c in enumerate(compared)}
    return compared, tuple(places.get(id(c), 0) for c in wanted)


def _unfitted_copy(codec: Codec) -> Codec:
    """Return a copy of a codec that would be fitted here: the caller's own stays unfitted."""
    return Codec(**codec.settings) if codec.needs_fit and codec.dim is None else codec


def _choose_queries(
    rows: NDArray[np.floating], queries: ArrayLike | None, seed: int
) -> tuple[Floats, NDArray[np.intp] | None]:
    """Return the queries, and their row numbers if they were drawn from the items."""
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


class _Measurement:
    """Sums over the vectors for one codec."""

    def __init__(self, codec: Codec, rows: NDArray[np.floating], queries: int, k: int) -> None:
        self.codec = codec
        if codec.dim is None and codec.needs_fit:
            codec.fit(rows)
        self.k, self.bytes, self.rows, self.compared = k, 0, 0, 0
        self.signal = self.noise = self.error = self.total = self.squares = 0.0
        self.clipped = np.zeros(rows.shape[1])
        # Of each query the best k scores so far by this codec, and their true scores.
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

    def cost(self, truth: _Measurement) -> CodecCost:
        # Recall by score: any of the items that tie with the last true result counts.
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
    warn_caller(
        f"{cost.codec} loses {100 * (1 - cost.recall):.1f} points of recall@{k}, and clips values "
        f"of dimensions {named}{more}: try scale='vector', calibration='minmax', or a sample that "
        "holds the largest values",
        QuantizationWarning,
    )
