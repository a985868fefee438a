"""Indexes of hnswlib, made into indexes of vecq."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq.core.arguments import choose, thread_count, whole
from vecq.core.errors import ArgumentError
from vecq.core.progress import Progress
from vecq.index import Index
from vecq.integrations.exchange.adoption import adopt, index_for
from vecq.integrations.exchange.hnswlib_format import parse
from vecq.integrations.exchange.reader import Reader
from vecq.quantization.codec import METRICS, Codec, Kind, Metric

# How far from 1 the norm of a normalised vector may be.
TOLERANCE = 1e-3


def from_hnswlib(
    path_or_index: Any,
    space: Metric | None = None,
    dim: int | None = None,
    codec: Kind | Codec = "int8",
    rerank: Kind | Codec | None = None,
    *,
    threads: int = 0,
    progress: Progress = None,
) -> Index:
    """Makes an index of one of hnswlib's: with its graph, its labels, and its vectors, encoded.

    What is marked as deleted is left out.

    Args:
        path_or_index: a file that `save_index` wrote, or an `hnswlib.Index`.
        space: "l2", "ip" or "cosine"; a file does not tell. Of an index it is known.
        dim: of the vectors, likewise.
        codec: how vectors are coded, as in `vecq.Index`.
        rerank: keep wider codes, too, as in `vecq.Index`.
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
    if hasattr(path_or_index, "save_index"):
        space, dim = _same(path_or_index, "space", space), _same(path_or_index, "dim", dim)
    choose(METRICS, space, "space")
    metric: Metric = space  # type: ignore[assignment]
    width = whole(dim, "dim", 1, 65535)
    with _saved(path_or_index) as reader:
        saved = parse(reader, width)
        if space == "cosine":
            _check_norms(saved.graph.vectors)
        graph = saved.graph.without(saved.deleted)
        if (graph.ids < 0).any():
            reader.fail(f"label {graph.ids.view(np.uint64).max()} is beyond 64 bits with a sign")
        with reader.blamed():
            index = index_for(graph, metric, codec, rerank, saved.ef_construction)
            return adopt(graph, index, threads, progress)


def _same(index: Any, name: str, given: Any) -> Any:
    """What a live index says of itself, unless the caller says something else."""
    own = getattr(index, name)
    if given is not None and given != own:
        raise ArgumentError(f"{name} is {given!r}, but the index has {own!r}", name)
    return own


@contextmanager
def _saved(path_or_index: Any) -> Iterator[Reader]:
    """Reads a file; of a live index, the one that it saves."""
    if not hasattr(path_or_index, "save_index"):
        yield Reader.of(path_or_index)
        return
    if path_or_index.max_elements == 0:
        raise ArgumentError(
            "path_or_index is an hnswlib.Index without init_index, which has nothing to bring over",
            "path_or_index",
        )
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "hnswlib.bin")
        path_or_index.save_index(path)
        yield Reader.of(path, "<hnswlib.Index>")


def _check_norms(vectors: NDArray[np.float32]) -> None:
    """For cosine hnswlib keeps normalised vectors."""
    sample = np.asarray(vectors[:: 1 + len(vectors) // 10_000], np.float64)
    with np.errstate(all="ignore"):
        norms = np.sqrt((sample**2).sum(axis=1))
    # What is not finite is refused when it is encoded, by its row.
    odd = np.isfinite(norms) & (norms > TOLERANCE) & (abs(norms - 1) > TOLERANCE)
    if odd.any():
        raise ArgumentError(
            f'space is "cosine", but vectors are not normalised, one has the norm '
            f'{norms[odd][0]:.4g}: expected "ip" or "l2"',
            "space",
        )
