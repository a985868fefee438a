"""Import of indexes of hnswlib."""

from __future__ import annotations  # short signatures in help()

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq.core.arguments import thread_count, whole
from vecq.core.errors import ArgumentError
from vecq.core.progress import Progress
from vecq.index import Index
from vecq.integrations.exchange.adoption import adopt, index_for
from vecq.integrations.exchange.hnswlib_format import parse
from vecq.integrations.exchange.reader import Reader
from vecq.quantization.codec import Codec, Kind
from vecq.quantization.metric import Metric, as_metric

# Deviation from norm 1 that a normalized vector may have.
TOLERANCE = 1e-3


def from_hnswlib(
    source: Any,
    *,
    metric: Metric | str | None = None,
    dim: int | None = None,
    codec: Kind | Codec = "int8",
    rerank_codec: Kind | Codec | None = None,
    threads: int = 0,
    progress: Progress = None,
) -> Index:
    """Import an index of hnswlib: its graph, its labels as ids, and its vectors, encoded.

    Elements that are marked as deleted are left out.

    Args:
        source: An `hnswlib.Index`, or the path of a file that `save_index` wrote.
        metric: "l2", "ip" or "cosine", which a file does not tell. Default: that of the index.
        dim: Number of dimensions, which a file does not tell. Default: that of the index.
        codec: Encoding of the vectors, as in `vecq.Index`. Default: "int8".
        rerank_codec: Encoding of a rerank store, as in `vecq.Index`. Default: None.
        threads: Threads; 0 for all cores. Default: 0.
        progress: As in `vecq.Index.add`.

    Returns:
        The index, which is searched, changed and saved like any other.

    Raises:
        ArgumentError: `metric` or `dim` is missing for a file, or is not that of the index.
        CorruptFileError: The file is no index of hnswlib, or is damaged.
        FileError: The system cannot read the file.

    >>> import hnswlib
    >>> theirs = hnswlib.Index("l2", 16)
    >>> theirs.init_index(1000)
    >>> theirs.add_items(numpy.random.default_rng(0).standard_normal((1000, 16), dtype="float32"))
    >>> vecq.from_hnswlib(theirs)
    <vecq.Index of 1,000 x 16 int8, l2, m=16>
    """
    threads = thread_count(threads)
    if hasattr(source, "save_index"):
        given = None if metric is None else as_metric(metric)
        metric = _same(source, "metric", source.space, given)
        dim = _same(source, "dim", source.dim, dim)
    found = as_metric(metric)
    width = whole(dim, "dim", 1, 65535)
    with _saved(source) as reader:
        saved = parse(reader, width)
        if found == "cosine":
            _check_norms(saved.graph.vectors)
        graph = saved.graph.without(saved.deleted)
        if (graph.ids < 0).any():
            reader.fail(f"label {graph.ids.view(np.uint64).max()} is beyond 64 bits with a sign")
        with reader.blamed():
            index = index_for(graph, found, codec, rerank_codec, saved.ef_construction)
            return adopt(graph, index, threads, progress)


def _same(index: Any, name: str, own: Any, given: Any) -> Any:
    """Return a property of a live index; refuse an argument that differs from it."""
    if given is not None and given != own:
        raise ArgumentError(f"{name} is {given!r}, but the index has {own!r}", name)
    return own


@contextmanager
def _saved(source: Any) -> Iterator[Reader]:
    """Read a file, or the file that a live index saves."""
    if not hasattr(source, "save_index"):
        yield Reader.of(source)
        return
    if source.max_elements == 0:
        raise ArgumentError(
            "source is an hnswlib.Index without init_index, which has nothing to import",
            "source",
        )
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "hnswlib.bin")
        source.save_index(path)
        yield Reader.of(path, "<hnswlib.Index>")


def _check_norms(vectors: NDArray[np.float32]) -> None:
    """Refuse vectors that are not normalized: for cosine hnswlib stores normalized ones."""
    sample = np.asarray(vectors[:: 1 + len(vectors) // 10_000], np.float64)
    with np.errstate(all="ignore"):
        norms = np.sqrt((sample**2).sum(axis=1))
    # Values that are not finite are refused when they are encoded, which names their row.
    odd = np.isfinite(norms) & (norms > TOLERANCE) & (abs(norms - 1) > TOLERANCE)
    if odd.any():
        raise ArgumentError(
            f'metric is "cosine", but vectors are not normalized, one has the norm '
            f'{norms[odd][0]:.4g}: expected "ip" or "l2"',
            "metric",
        )
