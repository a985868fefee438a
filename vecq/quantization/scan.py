"""Brute-force search without an index, for ground truth and for few items."""

from __future__ import annotations  # short signatures in help()

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from vecq._native import lib
from vecq.core.arguments import thread_count, whole
from vecq.core.arrays import as_floats, as_vectors, pointer
from vecq.core.errors import ArgumentError, call
from vecq.core.progress import Progress, Report
from vecq.core.structs import new_struct
from vecq.quantization.codec import Codec, Kind, fit, native_codec
from vecq.quantization.metric import METRICS, Metric, as_metric
from vecq.search.exclusions import Exclusions
from vecq.search.result import Result, empty_result

# Bytes of vectors per block, and scores between two looks at Ctrl-C.
BLOCK_BYTES, SCORES_AT_ONCE = 256 << 20, 1 << 32


def brute_force(
    vectors: ArrayLike,
    queries: ArrayLike,
    metric: Metric | str = "ip",
    k: int = 10,
    *,
    codec: Kind | Codec = "fp32",
    exclude: Any = None,
    query_bits: Literal[8, 15] = 15,
    threads: int = 0,
    progress: Progress = None,
) -> Result:
    """Find the k best vectors for each query by scoring all of them, without an index.

    Args:
        vectors: The items, one per row; they are encoded block by block, so they may be a mapped
            file.
        queries: One query per row; a vector is one query.
        metric: "ip", "cosine" or "l2"; scores are as in `vecq.Index`. Default: "ip".
        k: Number of results per query. Default: 10.
        codec: Encoding of the items, as in `vecq.Index`. "fp32" finds the truth that recall is
            measured against. Integer codes are scored by the high byte of the query; both bytes
            rescore the best 1.25 k + 32. Default: "fp32".
        exclude: Row numbers that the results of each query must not have, as in
            `vecq.Index.search`. Default: None.
        query_bits: Precision of the query for integer codes, 8 or 15. Default: 15.
        threads: Threads; 0 for all cores. Default: 0.
        progress: As in `vecq.Index.add`.

    Returns:
        Row numbers as ids, and scores, best first; -1 and minus infinity where there are fewer
        than k results.

    Raises:
        ArgumentError: An argument is none of these, or a value is not finite.
        OutOfMemoryError: The results do not fit into memory.

    >>> items = numpy.random.default_rng(0).standard_normal((1000, 64), dtype="float32")
    >>> ids, scores = vecq.brute_force(items, items[:2], "cosine", k=3)
    >>> ids[:, 0]
    array([0, 1])
    """
    metric = as_metric(metric)
    k = whole(k, "k", 1, 2**31 - 1)
    threads = thread_count(threads)
    found = as_vectors(vectors, "vectors")
    asked = as_floats(as_vectors(queries, "queries", found.shape[1]))
    excluded = Exclusions.of(exclude, len(asked), hint="")
    native = _fitted(Codec.of(codec, metric=metric), found)
    result = empty_result(len(asked), k)
    result.ids[:], result.scores[:], result.counts[:] = -1, -np.inf, 0
    options = new_struct("vecq_exact_options")
    options.k, options.threads = k, threads
    options.metric = METRICS[metric]
    options.query_bits = whole(query_bits, "query_bits", 8, 15)
    step = max(1, BLOCK_BYTES // (4 * found.shape[1]))
    at_once = max(32, SCORES_AT_ONCE // min(max(len(found), 1), step) // 32 * 32)
    with Report(progress, len(found)) as report, _named():
        for options.first_row in range(0, len(found), step):
            block = as_floats(found[options.first_row : options.first_row + step])
            for options.first_query in range(0, len(asked), at_once):
                part = slice(options.first_query, options.first_query + at_once)
                if excluded is not None:
                    own = excluded.part(part.start, part.stop)
                    options.exclude_offsets, options.exclude_ids = own
                call(
                    lib.vecq_exact,
                    *(native, options, pointer(asked[part], "float[]"), len(asked[part])),
                    *(
                        pointer(block, "float[]"),
                        len(block),
                        pointer(result.ids[part], "int64_t[]"),
                    ),
                    pointer(result.scores[part], "float[]"),
                    pointer(result.counts[part], "int64_t[]"),
                )
            report(options.first_row + len(block), len(found))
    return result


@contextmanager
def _named() -> Iterator[None]:
    """Name the argument `vectors` in errors of native code, which calls them rows."""
    try:
        yield
    except ArgumentError as error:
        if error.argument != "rows":
            raise
        raise ArgumentError(str(error).replace("rows", "vectors", 1), "vectors") from None


def _fitted(codec: Codec, rows: Any) -> Any:
    """Return the native codec, fitted on the rows if it needs that."""
    native = native_codec(codec, rows.shape[1])
    if codec.dim is None and codec.needs_fit and len(rows) > 0:
        fit(lambda *sample: call(lib.vecq_codec_fit, native, *sample), rows, "vectors")
    return native
