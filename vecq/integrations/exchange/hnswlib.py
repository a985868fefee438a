"""`vecq.from_hnswlib`: imports indexes of hnswlib."""

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

# Greatest deviation from 1 of the norm of a normalized vector.
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
    """Makes an index of one of hnswlib's: with its graph, its labels, and its vectors, encoded.

    What is marked as deleted is left out.

    Args:
        source: a file that `save_index` wrote, or an `hnswlib.Index`.
        metric: "l2", "ip" or "cosine"; a file does not tell. Of an index it is known.
        dim: of the vectors, likewise.
        codec: how vectors are coded, as in `vecq.Index`.
        rerank_codec: keep wider codes, too, as in `vecq.Index`.
        threads: 0 for all cores.
        progress: as in `Index.add`.

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
    """Return an attribute of a live index; raise ArgumentError if the argument contradicts it."""
    if given is not None and given != own:
        raise ArgumentError(f"{name} is {given!r}, but the index has {own!r}", name)
    return own


@contextmanager
def _saved(source: Any) -> Iterator[Reader]:
    """Yield a reader of a file, or of the file that a live index saves."""
    if not hasattr(source, "save_index"):
        yield Reader.of(source)
        return
    if source.max_elements == 0:
        raise ArgumentError(
            "source is an hnswlib.Index without init_index, which has nothing to bring over",
            "source",
        )
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "hnswlib.bin")
        source.save_index(path)
        yield Reader.of(path, "<hnswlib.Index>")


def _check_norms(vectors: NDArray[np.float32]) -> None:
    """Raise ArgumentError unless vectors are normalized, as hnswlib stores them for cosine."""
    sample = np.asarray(vectors[:: 1 + len(vectors) // 10_000], np.float64)
    with np.errstate(all="ignore"):
        norms = np.sqrt((sample**2).sum(axis=1))
    # Non-finite values are refused later, when they are encoded, by their row.
    odd = np.isfinite(norms) & (norms > TOLERANCE) & (abs(norms - 1) > TOLERANCE)
    if odd.any():
        raise ArgumentError(
            f'metric is "cosine", but vectors are not normalized, one has the norm '
            f'{norms[odd][0]:.4g}: expected "ip" or "l2"',
            "metric",
        )
