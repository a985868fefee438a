"""A quick estimate of the recall that codes alone lose, when an index gets its first items."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq.core.arrays import as_floats
from vecq.core.errors import QuantizationWarning
from vecq.core.ranking import score_recall
from vecq.core.warn import warn_caller
from vecq.quantization.codec import Codec
from vecq.quantization.metric import Metric

SAMPLE, QUERIES, K = 20_000, 64, 10
COLUMNS_PER_MAXIMUM = 16
# Fewer vectors are no sample; a smaller loss is usual.
FEWEST, NOTABLE = 1_000, 0.025


def warn_of_loss(codec: Codec, rows: NDArray[Any], metric: Metric) -> None:
    """Warn if codes lose more than 2.5 points of recall@10 among a sample of the rows."""
    if len(rows) < FEWEST:
        return
    sample = as_floats(rows[:: -(-len(rows) // SAMPLE)])
    found = recall(codec, sample, metric)
    if found < 1 - NOTABLE:
        store = "int8" if codec.kind == "int4" else "fp16"
        warn_caller(
            f"{codec} alone finds {found:.1%} of the best {K} among {len(sample):,} of these "
            f'vectors: codec="int12" or rerank_codec="{store}" makes up for that, and vecq.assess '
            "measures what other codecs would cost",
            QuantizationWarning,
        )


def recall(codec: Codec, sample: NDArray[np.float32], metric: Metric) -> float:
    """Return recall@K on codes, with some rows of the sample as queries against all others."""
    own = np.arange(0, len(sample), -(-len(sample) // QUERIES))
    scores = []
    for kind in (Codec("fp32"), Codec(**codec.settings)):
        scored = kind.score(kind.encode(sample), sample[own], metric)
        scored[np.arange(len(own)), own] = -np.inf
        scores.append(scored)
    true, coded = scores
    # Recall by score: any of the items that tie with the last true result counts.
    least = np.take_along_axis(true, best_columns(true), axis=1).min(axis=1, keepdims=True)
    return score_recall(np.take_along_axis(true, best_columns(coded), axis=1), least)


def best_columns(scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the columns of the K highest scores of each row, in any order.

    Selects among the few scores that reach the K-th highest of maxima of disjoint groups of
    columns: there must be at least K groups, and no score may be NaN.
    """
    rows, columns = scores.shape
    groups = columns // COLUMNS_PER_MAXIMUM
    whole = scores[:, : groups * COLUMNS_PER_MAXIMUM]
    maxima = whole.reshape(rows, COLUMNS_PER_MAXIMUM, groups).max(axis=1)
    bounds = np.partition(maxima, groups - K, axis=1)[:, groups - K]
    best = np.empty((rows, K), np.int64)
    for row, bound, found in zip(scores, bounds, best, strict=True):
        near = np.flatnonzero(row >= bound)
        found[:] = near[np.argpartition(row[near], len(near) - K)[len(near) - K :]]
    return best
