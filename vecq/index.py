"""Indexes: the best items for each query, by a graph over codes."""

import os
import threading
from typing import Any, Literal

import numpy as np

from vecq._native import ffi, lib
from vecq.core.arguments import choose, named, whole
from vecq.core.errors import ArgumentError, call
from vecq.core.progress import Progress
from vecq.core.structs import new_struct
from vecq.quantization.codec import Codec, Kind
from vecq.quantization.metric import METRICS, Metric, as_metric
from vecq.search.searching import Searching
from vecq.storage import files
from vecq.storage.stats import IndexStats
from vecq.updates.changing import Changing

Link = Literal["auto", "metric", "cosine", "moebius", "layered"]

LINKS: dict[str, int] = {
    "auto": lib.VECQ_LINK_AUTO,
    "metric": lib.VECQ_LINK_METRIC,
    "cosine": lib.VECQ_LINK_COSINE,
    "moebius": lib.VECQ_LINK_MOEBIUS,
    "layered": lib.VECQ_LINK_LAYERED,
}


class Index(Searching, Changing):
    """Finds the best items for a query among many, on codes, by walking a graph.

    Args:
        dim: how many numbers a vector has.
        metric: "ip", the inner product; "cosine"; or "l2". Scores are higher the better: "l2" gives
            minus the squared distance.
        codec: how vectors are coded: "int8", "int16", "fp16", "fp32" or a `vecq.Codec`. Under "l2"
            the names of integer kinds stand for codecs that centre.
        m: links that a new item gets; an item has up to twice as many. More find more and cost
            memory.
        ef_construction: how many candidates the links are chosen from. More make a better graph,
            more slowly.
        seed: of the layers. With the same seed and threads=1 the same calls make the same graph.
        link: what items are compared by when they are linked. "metric" is what is searched for;
            for inner products "cosine", or "moebius", distances between x / |x|**2, which is what
            "auto" chooses and what then is repaired by the best items of some items and users.
            "layered" is "metric" on layers, as graphs of other libraries are that come with them.
        rerank_codec: keep a second store of wider codes, "int16", "fp16", "fp32" or a
            `vecq.Codec`, on which searches score the best of what they found once more.

    >>> items = numpy.random.default_rng(0).standard_normal((1000, 64), dtype="float32")
    >>> index = vecq.Index(64, metric="cosine")
    >>> index.add(items)
    <vecq.Index of 1,000 x 64 int8, cosine, m=16>
    >>> ids, scores = index.search(items[:2], k=3)
    >>> ids[:, 0]
    array([0, 1])
    """

    def __init__(
        self,
        dim: int,
        metric: Metric | str = "ip",
        codec: Kind | Codec = "int8",
        *,
        m: int = 16,
        ef_construction: int = 200,
        seed: int = 0,
        link: Link = "auto",
        rerank_codec: Kind | Codec | None = None,
    ) -> None:
        self._dim = whole(dim, "dim", 1, 65535)
        self._metric = as_metric(metric)
        self._codec = Codec.of(codec, metric=self._metric)
        self._wide = None if rerank_codec is None else Codec.of(rerank_codec, "rerank_codec")
        self._m = whole(m, "m", 2, 256)
        options = new_struct("vecq_index_options")
        options.metric = METRICS[self._metric]
        options.link = choose(LINKS, link, "link")
        options.m = self._m
        options.ef_construction = whole(ef_construction, "ef_construction", 1, 100_000)
        options.seed = whole(seed, "seed", 0, 2**64 - 1)
        handle = ffi.new("vecq_index **")
        call(
            lib.vecq_index_open,
            *(options, self._codec.native(self._dim)),
            *(
                ffi.NULL if self._wide is None else self._wide.native(self._dim, "rerank_codec"),
                handle,
            ),
        )
        self._begin(ffi.gc(handle[0], lib.vecq_index_close))

    def _begin(self, handle: Any) -> None:
        self._handle = handle
        self._adding, self._saving = threading.RLock(), threading.RLock()
        self._busy = self._warned = False

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        writable: bool = False,
        *,
        verify: Literal["header", "full"] = "header",
        preload: bool | Literal["walk", "copy"] = False,
        lock: bool = False,
        progress: Progress = None,
    ) -> "Index":
        """Opens the index that `save` wrote to a file, at once, however large it is.

        The file is mapped: what searches touch is read when they first do, and stays in the page
        cache as long as there is room, one copy for all processes. An index larger than memory
        works, as fast as the disk. Where the file is at most half of the memory that the process
        may have, or is preloaded, it is mapped in pages of 2 MiB, if the file system has them. Of
        larger files the kernel fetches no more of codes and of the links of layer 0 than is asked
        for; the small upper layers and the ids it reads ahead.

        Never shorten or write over such a file while it is open: a process that touches what is
        gone is ended by SIGBUS. Files that are replaced whole, as `save` does, are safe: who has
        the old one open keeps it.

        Args:
            writable: allow additions. They go to memory, never to the file: what is changed in
                place is copied page by page, and what grows moves to memory as a whole. `save`
                keeps them. Otherwise `add` raises `ReadOnlyError`.
            verify: "header" checks the table of the file, and searches take care of the rest, so
                that no file can crash them; "full" reads everything and compares checksums.
            preload: read everything now, so that the first searches need not wait; "walk" leaves
                out what they hardly touch, the rerank store and what only additions
                need. "copy" copies that to huge pages of memory: the fastest where the file
                system has none, but no other process shares it.
            lock: keep in memory what is preloaded, and without `preload` the upper layers and the
                ids; the limit is `ulimit -l`.
            progress: as in `add`, in bytes, for "full" and `preload`.

        >>> items = numpy.random.default_rng(0).standard_normal((1000, 64), dtype="float32")
        >>> saved = vecq.Index(64, "cosine").add(items).save("items.vecq")
        >>> vecq.open("items.vecq").search(items[:2], k=3).ids[:, 0]
        array([0, 1])
        """
        choose({"header": 0, "full": 1}, verify, "verify")
        wanted = files.preload_of(preload)
        if lock and preload == "copy":
            raise ArgumentError(
                'lock keeps pages of the file in memory, but preload="copy" makes no use of them: '
                "choose one",
                "lock",
            )
        handle = files.open_index(path, writable)
        if verify == "full":
            files.verify(handle, path, progress)
        if preload or lock:
            files.preload(handle, path, wanted, lock, progress)
        return cls._opened(handle)

    @classmethod
    def _opened(cls, handle: Any) -> "Index":
        """An index around a native one."""
        native = new_struct("vecq_index_description")
        options = new_struct("vecq_index_options")
        codec, wide = new_struct("vecq_codec_options"), new_struct("vecq_codec_options")
        call(lib.vecq_index_describe, handle, native, options, codec, wide)
        index = cls.__new__(cls)
        index._dim, index._m = native.dim, options.m
        index._metric = named(METRICS, options.metric)  # type: ignore[assignment]
        index._codec = Codec.described(codec)
        index._wide = Codec.described(wide) if native.has_rerank_codec else None
        index._begin(handle)
        return index

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        progress: Progress = None,
    ) -> files.Saved:
        """Writes the index to a file, which `vecq.open` opens.

        All or nothing: the file is written beside the old one, under a name of its own, forced to
        disk and then renamed. If that fails, or on Ctrl-C, the old file is as it was; whoever has
        it open keeps it, and this index may itself come from it.

        Searches and changes go on meanwhile: the file holds the index as it was when this was
        called. `pause` of what is returned tells how long changes had to wait; another `save` waits
        until this one is over.

        Several processes may open a file and save it: none replaces a version that it has not
        seen. If the file has changed since this index was opened from it or last saved to it,
        `save` raises `FileChangedError` and leaves the file as it is: open it again and repeat the
        changes. A file that this index was never opened from or saved to is replaced, whatever it
        holds.

        Args:
            path: of the file, usually with the ending .vecq.
            overwrite: replace the file even if it has changed. Default: False.
            progress: as in `add`, in bytes. By default there is a bar for more than 1 GB.

        Raises:
            FileChangedError: the file has changed, and `overwrite` is False.
            FileError: the system refused to write the file.

        >>> saved = vecq.Index(8).add(numpy.eye(8, dtype="float32")).save("eight.vecq")
        >>> saved.pause_seconds < saved.seconds
        True
        """
        with self._saving:
            return files.save(self._handle, path, overwrite, progress)

    def check(self, *, progress: Progress = None) -> files.Check:
        """Looks for anything that is wrong: checksums of the file it was opened from, numbers that
        are not finite, links that lead nowhere, items that cannot be reached, ids given twice.

        After small changes a few items may be out of reach until the next look at the whole graph;
        they are reported only if they are more than what was changed since.

        >>> print(vecq.Index(8).add(numpy.eye(8, dtype="float32")).check())
        nothing is wrong
        """
        with self._adding:
            return files.check(self._handle, progress)

    @property
    def dim(self) -> int:
        return self._dim

    @property
    def metric(self) -> str:
        return self._metric

    def __len__(self) -> int:
        size = ffi.new("size_t *")
        call(lib.vecq_index_size, self._handle, size)
        return int(size[0])

    def __repr__(self) -> str:
        wide = "" if self._wide is None else f" reranked by {self._wide.kind}"
        return (
            f"<vecq.Index of {len(self):,} x {self._dim} {self._codec.kind}{wide}, "
            f"{self._metric}, m={self._m}>"
        )

    def to_hnswlib(self, path: str | os.PathLike[str] | None = None) -> Any:
        """Export the graph and the decoded vectors to hnswlib.

        Under "cosine" the exported vectors are normalized, as hnswlib does itself.

        Args:
            path: The file to write, for `hnswlib.Index.load_index`. Default: None, write no file.

        Returns:
            An `hnswlib.Index`; None if `path` is given. Writing a file does not need hnswlib.

        Raises:
            ArgumentError: An id is negative, which hnswlib does not allow.
            UnsupportedError: hnswlib is not installed.
            FileError: The file cannot be written.
        """
        from vecq.integrations.exchange import hnswlib_format

        return hnswlib_format.export(self, path)

    def to_faiss(self, path: str | os.PathLike[str] | None = None) -> Any:
        """Export the graph and the decoded vectors to faiss.

        The result is an IndexHNSWFlat, inside an IndexIDMap unless the ids are 0, 1, 2, ... Under
        "cosine" the exported vectors are normalized, and the metric is the inner product.

        Args:
            path: The file to write, for `faiss.read_index`. Default: None, write no file.

        Returns:
            A `faiss.Index`; None if `path` is given. Writing a file does not need faiss.

        Raises:
            UnsupportedError: faiss is not installed.
            FileError: The file cannot be written.
        """
        from vecq.integrations.exchange import faiss_format

        return faiss_format.export(self, path)

    def stats(self) -> IndexStats:
        """Looks over the whole graph: layers, links, what cannot be reached, memory."""
        native = new_struct("vecq_index_stats")
        call(lib.vecq_index_get_stats, self._handle, native)
        degrees = np.array(ffi.unpack(native.degrees, len(native.degrees)), np.int64)
        return IndexStats(
            rows=native.rows,
            layers=tuple(native.layer_rows[0 : native.layers]),
            degrees=np.trim_zeros(degrees, "b"),
            unreachable=native.unreachable,
            kept_out=native.kept_out,
            free_slots=native.free_slots,
            clipped=self._clipped()[0],
            code_bytes=native.code_bytes,
            link_bytes=native.link_bytes,
            id_bytes=native.id_bytes,
            rerank_bytes=native.rerank_bytes,
        )
