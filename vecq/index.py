"""Indexes: the best items for each query, by a graph over codes."""

import math
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecq import files
from vecq._native import ffi, lib
from vecq.arguments import choose, named, real, thread_count, whole
from vecq.arrays import as_floats, as_ids, as_vectors, float_blocks, pointer
from vecq.calibration import Calibration
from vecq.codec import METRICS, Codec, Kind, Metric, fit
from vecq.errors import ArgumentError, call
from vecq.filters import Exclusions, Filter
from vecq.loss import warn_of_loss
from vecq.pages import search_pages
from vecq.plan import PLANS, Plan
from vecq.progress import Progress, Report
from vecq.ranges import Ranges, search_range
from vecq.result import IndexStats, Result
from vecq.search import Search

Link = Literal["auto", "metric", "cosine", "moebius", "layered"]

LINKS: dict[str, int] = {
    "auto": lib.VECQ_LINK_AUTO,
    "metric": lib.VECQ_LINK_METRIC,
    "cosine": lib.VECQ_LINK_COSINE,
    "moebius": lib.VECQ_LINK_MOEBIUS,
    "layered": lib.VECQ_LINK_LAYERED,
}

# How long one call may link before it looks for Ctrl-C, in seconds.
SLICE = 0.1


class Index:
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
        rerank: keep a second store of wider codes, "int16", "fp16", "fp32" or a `vecq.Codec`, on
            which searches score the best of what they found once more.

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
        metric: Metric = "ip",
        codec: Kind | Codec = "int8",
        *,
        m: int = 16,
        ef_construction: int = 200,
        seed: int = 0,
        link: Link = "auto",
        rerank: Kind | Codec | None = None,
    ) -> None:
        self._dim = whole(dim, "dim", 1, 65535)
        self._metric = metric
        centred = metric == "l2" and codec in ("int8", "int16")
        self._codec = Codec.of(codec, center=centred)
        self._wide = None if rerank is None else Codec.of(rerank, "rerank")
        self._m = whole(m, "m", 2, 256)
        options = {
            "metric": choose(METRICS, metric, "metric"),
            "link": choose(LINKS, link, "link"),
            "m": self._m,
            "ef_construction": whole(ef_construction, "ef_construction", 1, 100_000),
            "seed": whole(seed, "seed", 0, 2**64 - 1),
        }
        handle = ffi.new("vecq_index **")
        call(
            lib.vecq_index_open,
            *(ffi.new("vecq_index_options *", options), self._codec.native(self._dim)),
            *(ffi.NULL if self._wide is None else self._wide.native(self._dim, "rerank"), handle),
        )
        self._begin(ffi.gc(handle[0], lib.vecq_index_close))

    def _begin(self, handle: Any) -> None:
        self._handle = handle
        self._adding = threading.RLock()
        self._busy = False

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
        works, as fast as the disk. The kernel is told that codes and the links of layer 0 are read
        at random, so that it fetches no more than what is asked for; the small upper layers and the
        ids it reads ahead. Large sections are put on huge pages where the system grants that.

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
                out what they hardly touch, the wider store of `rerank` and what only additions
                need. "copy" copies that to huge pages of memory: the fastest where the file
                system has none, but no other process shares it.
            lock: keep in memory what is preloaded, and without `preload` the upper layers and the
                ids; the limit is `ulimit -l`.
            progress: as in `add`, in bytes, for "full" and `preload`.

        >>> items = numpy.random.default_rng(0).standard_normal((1000, 64), dtype="float32")
        >>> vecq.Index(64, "cosine").add(items).save("items.vecq")
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
        native = ffi.new("vecq_index_description *")
        call(lib.vecq_index_describe, handle, native)
        index = cls.__new__(cls)
        index._dim, index._m = native.dim, native.options.m
        index._metric = named(METRICS, native.options.metric)  # type: ignore[assignment]
        index._codec = Codec.described(native.codec)
        index._wide = Codec.described(native.wide_codec) if native.has_wide else None
        index._begin(handle)
        return index

    def save(self, path: str | os.PathLike[str], *, progress: Progress = None) -> None:
        """Writes the index to a file, which `vecq.open` opens.

        All or nothing: the file is written beside the old one, under a name of its own, forced to
        disk and then renamed. If that fails, or on Ctrl-C, the old file is as it was; whoever has
        it open keeps it, and this index may itself come from it. Searches go on meanwhile,
        additions wait.

        Args:
            path: of the file, usually with the ending .vecq.
            progress: as in `add`, in bytes. By default there is a bar for more than 1 GB.

        >>> vecq.Index(8).add(numpy.eye(8, dtype="float32")).save("eight.vecq")
        """
        with self._adding:
            files.save(self._handle, path, progress)

    def check(self, *, progress: Progress = None) -> files.Check:
        """Looks for anything that is wrong: checksums of the file it was opened from, numbers that
        are not finite, links that lead nowhere, items that cannot be reached, ids given twice.

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

    def add(
        self,
        vectors: ArrayLike,
        ids: ArrayLike | None = None,
        *,
        users: ArrayLike | None = None,
        threads: int = 0,
        progress: Progress = None,
    ) -> "Index":
        """Adds vectors, all or none of them, and returns the index.

        The first vectors are looked over: a `QuantizationWarning` says so if their codes alone lose
        more than 2.5 points of recall@10.

        Ctrl-C, or an exception from `progress`, ends the addition early: what was linked by then
        stays, and the index is as good as if only that had been added.

        Args:
            vectors: one row each, of float32, float64 or float16.
            ids: a whole number of 64 bits for each, not in use yet. By default they go on from the
                largest so far, the first being 0.
            users: for metric "ip", embeddings that resemble the queries to come; a few thousand of
                them improve the graph.
            threads: 0 for all cores.
            progress: a function that is called with what is done and the total; True for a bar;
                False for none. By default there is a bar if this takes seconds and runs in a
                terminal.
        """
        rows = as_vectors(vectors, "vectors", self._dim)
        numbers = None if ids is None else as_ids(ids, "ids", len(rows))
        sample = None if users is None else as_vectors(users, "users", self._dim)
        return self._grow(lib.vecq_index_stage, rows, numbers, sample, threads, progress)

    def update(
        self,
        ids: ArrayLike,
        vectors: ArrayLike,
        *,
        threads: int = 0,
        progress: Progress = None,
    ) -> "Index":
        """Gives items new vectors, and adds those that are not there yet; returns the index.

        Searches find an item by its old vector until the new one is linked, and never by both. It
        keeps its place in `ids`, and passes a `Filter` if it did before. What is ended early, as
        `add` may be, has updated some of the items.

        Args:
            ids: a whole number of 64 bits for each vector, none twice.
            vectors: one row each.
            threads, progress: as in `add`.

        >>> items = numpy.random.default_rng(0).standard_normal((1000, 64), dtype="float32")
        >>> index = vecq.Index(64, metric="cosine").add(items[:999])
        >>> len(index.update([7, 999], items[[500, 999]]))
        1000
        >>> sorted(index.search(items[500], k=2).ids[0])
        [7, 500]
        """
        rows = as_vectors(vectors, "vectors", self._dim)
        numbers = as_ids(np.atleast_1d(np.asarray(ids)), "ids", len(rows))
        return self._grow(lib.vecq_index_stage_updates, rows, numbers, None, threads, progress)

    def remove(self, ids: ArrayLike, *, progress: Progress = None) -> "Index":
        """Removes items and returns the index.

        The graph is mended around them, so that what is left is found as well as before; their
        room is for items to come. Ctrl-C, or an exception from `progress`, ends it early: the first
        of them are removed then.

        Args:
            ids: of items, all of which must be there, none twice.
            progress: as in `add`.

        >>> items = numpy.random.default_rng(0).standard_normal((1000, 64), dtype="float32")
        >>> index = vecq.Index(64, metric="cosine").add(items)
        >>> 7 in index.remove([7, 8]), len(index)
        (False, 998)
        """
        numbers = as_ids(np.atleast_1d(np.asarray(ids)), "ids", np.size(ids))
        with self._changing(progress, len(numbers)) as report:
            self._require(numbers)
            self._remove(numbers, report)
        return self

    def __contains__(self, id: object) -> bool:
        """Whether there is an item of that id."""
        try:
            numbers = as_ids(np.asarray(id).reshape(1), "id", 1)
        except (ArgumentError, TypeError, ValueError):
            return False
        return bool(self._held(numbers)[0])

    def _held(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which ids there are items of."""
        held = np.empty(len(ids), np.uint8)
        call(
            lib.vecq_index_holds,
            *(self._handle, pointer(ids, "int64_t[]"), len(ids), pointer(held, "uint8_t[]")),
        )
        return held.view(np.bool_)

    def _require(self, ids: NDArray[np.int64]) -> None:
        missing = np.flatnonzero(~self._held(ids))
        if len(missing) > 0:
            raise ArgumentError(
                f"ids has {ids[missing[0]]} at {missing[0]}, which is not in the index", "ids"
            )
        found, counts = np.unique(ids, return_counts=True)
        if len(found) < len(ids):
            raise ArgumentError(f"ids has {found[counts > 1][0]} twice, expected it once", "ids")

    def _remove(self, ids: NDArray[np.int64], report: Report) -> None:
        """Removes a slice of time's worth at a time."""
        done, many, clock = 0, 16, report.seconds
        while done < len(ids):
            before = clock()
            part = ids[done : done + many]
            call(lib.vecq_index_remove, self._handle, pointer(part, "int64_t[]"), len(part))
            done += len(part)
            report(done, len(ids))
            factor = SLICE / max(clock() - before, 1e-6)
            many = max(16, int(many * min(2.0, factor)))

    @contextmanager
    def _changing(self, progress: Progress, count: int) -> Iterator[Report]:
        """One change at a time, and none from its own progress function."""
        with self._adding, Report(progress, count) as report:
            if self._busy:
                raise ArgumentError("progress may not change the index that it watches", "progress")
            self._busy = True
            try:
                yield report
            finally:
                self._busy = False

    def _grow(
        self,
        stage: Any,
        rows: NDArray[Any],
        ids: NDArray[np.int64] | None,
        users: NDArray[Any] | None,
        threads: int,
        progress: Progress,
    ) -> "Index":
        threads = thread_count(threads)
        first = len(self) == 0
        with self._changing(progress, len(rows)) as report:
            try:
                self._stage(stage, rows, ids, users, threads)
                self._link(threads, report)
            finally:
                call(lib.vecq_index_settle, self._handle)
        if first and self._wide is None and self._codec.kind in ("int8", "int16"):
            warn_of_loss(self._codec, rows, self._metric)
        return self

    def _stage(
        self,
        stage: Any,
        rows: NDArray[Any],
        ids: NDArray[np.int64] | None,
        users: NDArray[Any] | None,
        threads: int,
    ) -> None:
        if len(rows) == 0:
            return
        call(lib.vecq_index_reserve, self._handle, len(self) + len(rows))
        self._fit(rows)
        for first, block in float_blocks(rows):
            numbers = ffi.NULL
            if ids is not None:
                numbers = pointer(ids[first : first + len(block)], "int64_t[]")
            call(
                stage,
                *(self._handle, pointer(block, "float[]"), len(block)),
                *(numbers, first, threads),
            )
        for first, block in () if users is None else float_blocks(users):
            call(
                lib.vecq_index_sample_users,
                *(self._handle, pointer(block, "float[]"), len(block), first),
            )

    def _fit(self, rows: NDArray[Any]) -> None:
        """Fits what codecs learn from a sample, before the first rows."""
        wide = self._wide is not None and self._wide.needs_fit
        if len(self) > 0 or not (wide or self._codec.needs_fit):
            return
        fit(lambda *sample: call(lib.vecq_index_fit, self._handle, *sample), rows, "vectors")

    def _link(self, threads: int, report: Report) -> None:
        """Links what is staged, a slice of time at a time."""
        done, total = ffi.new("size_t *"), ffi.new("size_t *")
        rows, clock = 256, report.seconds
        while True:
            before = clock()
            call(lib.vecq_index_link, self._handle, rows, threads, done, total)
            report(done[0], total[0])
            if done[0] == total[0]:
                return
            factor = SLICE / max(clock() - before, 1e-6)
            rows = min(max(256, int(rows * min(2.0, factor))), 1 << 20)

    def search(
        self,
        queries: ArrayLike,
        k: int,
        *,
        ef: int | None = None,
        target_recall: float | None = None,
        exclude: Any = None,
        allow: ArrayLike | Filter | None = None,
        deny: ArrayLike | Filter | None = None,
        exact: bool = False,
        plan: Plan | None = None,
        explain: bool = False,
        rerank: float | None = None,
        query_bits: Literal[8, 15] = 15,
        threads: int = 1,
    ) -> Result:
        """Finds the `k` best items for each query; `ids, scores = index.search(...)` unpacks them.

        There are always as many results as there are items that pass, up to `k`: where a walk over
        the graph finds fewer, items are scanned.

        Args:
            queries: one row each; a vector is its only row.
            k: how many items. Where there are fewer, ids are -1 and scores minus infinity.
            ef: how many of the best a walk over the graph keeps, at least `k`. More find more, more
                slowly. By default k + 100. Given, it asks for a walk, unless there is a filter.
            target_recall: in place of `ef`, once `calibrate` has measured what it takes.
            exclude: for each query, ids that it is not to be answered with, as those of items that
                a user has seen: a SciPy CSR matrix, a pair (indptr, ids), or a list of id arrays.
                Unknown ids mean nothing.
            allow: what all queries may be answered with: ids, a mask of booleans in the order in
                which items were added, or a `vecq.Filter`, which is prepared once for many calls.
            deny: the same, of what no query is answered with.
            exact: score every item that passes.
            plan: "walk", "step_over" or "scan", see `vecq.Explanation`; by default ("auto")
                whichever is estimated to be the fastest.
            explain: tell in the result's `explanation` what was done and why.
            rerank: for an index with a wider store, how many candidates per item asked for are
                scored anew on it; 2 by default, 0 for none.
            query_bits: 15, or 8 for faster and coarser scores.
            threads: for many queries, or many items to scan; 0 for all cores.

        >>> items = numpy.random.default_rng(0).standard_normal((1000, 64), dtype="float32")
        >>> index = vecq.Index(64, metric="cosine").add(items)
        >>> index.search(items[:2], k=2, exclude=[[0], [1]], allow=range(100)).counts
        array([2, 2])
        """
        wanted = whole(k, "k", 1, 2**31 - 1)
        rows = as_floats(as_vectors(queries, "queries", self._dim))
        options = ffi.new("vecq_search_options *")
        options.k = wanted
        options.rerank = self._candidates(rerank, wanted)
        options.query_bits = whole(query_bits, "query_bits", 8, 15)
        options.threads = thread_count(threads)
        allowed = None
        if allow is not None or deny is not None:
            allowed = Filter.of(self, allow, deny)
        way, options.ef = self._effort(wanted, ef, target_recall, allowed is not None)
        options.plan = choose(PLANS, _plan(plan, exact, way), "plan")
        excluded = None if exclude is None else Exclusions.of(exclude, len(rows))
        return Search(options, allowed, excluded, len(self)).run(self._handle, rows, explain)

    def _effort(
        self, k: int, ef: int | None, target_recall: float | None, filtered: bool
    ) -> tuple[Plan, int]:
        """Which way to go unless another is asked for, and what a walk is to keep."""
        if target_recall is None:
            if ef is None:
                return "auto", k + 100
            return "auto" if filtered else "walk", whole(ef, "ef", 1, 2**31 - 1)
        if ef is not None:
            raise ArgumentError("ef and target_recall are both given, expected one", "ef")
        calibration = Calibration.stored(self._handle)
        if calibration is None:
            raise ArgumentError(
                "target_recall needs an index that is calibrated: index.calibrate(queries)",
                "target_recall",
            )
        found = calibration.ef_for(k, real(target_recall, "target_recall"))
        return ("scan", k) if found is None else ("auto", found)

    def calibrate(
        self,
        queries: ArrayLike,
        k: int | Sequence[int] = (10, 100),
        *,
        threads: int = 0,
        progress: Progress = None,
    ) -> Calibration:
        """Measures what recall which `ef` reaches, so that searches can ask for a recall.

        The truth is what an exact scan of the same index finds: what coding itself costs is told by
        `vecq.assess`.

        Args:
            queries: a few hundred, like those to come.
            k: for how many items, one or several. What lies between them is interpolated; for more
                than the most of them recall may fall short.
            threads: 0 for all cores.
            progress: as in `add`.

        >>> items = numpy.random.default_rng(0).standard_normal((5000, 64), dtype="float32")
        >>> index = vecq.Index(64, metric="cosine").add(items)
        >>> curve = index.calibrate(items[:100], k=10)
        >>> index.search(items[:5], k=10, target_recall=0.95).counts
        array([10, 10, 10, 10, 10])
        """
        found = Calibration.measure(self, queries, k, threads, progress)
        found.store(self._handle)
        return found

    def search_by_ids(self, ids: ArrayLike, k: int, **options: Any) -> Result:
        """Finds the `k` best items for each of some items of the index, itself left out.

        Takes the options of `search`, except `exclude`.
        """
        numbers = as_ids(np.atleast_1d(np.asarray(ids)), "ids", np.size(ids))
        if "exclude" in options:
            raise ArgumentError("exclude can't be given, every item excludes itself", "exclude")
        own = (np.arange(len(numbers) + 1), numbers)
        return self.search(self.get(numbers), k, exclude=own, **options)

    def search_range(self, queries: ArrayLike, threshold: float, **options: Any) -> Ranges:
        """Finds all items that score at least `threshold` for each query.

        Takes the options of `search`, except k. What a walk does not find is missing: `exact=True`
        finds all.
        """
        return search_range(self, queries, real(threshold, "threshold"), options)

    def search_iter(self, query: ArrayLike, page: int = 100, **options: Any) -> Iterator[Result]:
        """Yields page after page of results for one query, each going on where the last ended.

        Ends when there are no more items that pass. Takes the options of `search`, except `k`.

        >>> items = numpy.random.default_rng(0).standard_normal((1000, 64), dtype="float32")
        >>> index = vecq.Index(64, metric="cosine").add(items)
        >>> sum(found.counts[0] for found in index.search_iter(items[0], page=300))
        1000
        """
        return search_pages(self, query, whole(page, "page", 1, 2**31 - 1), options)

    def get(self, ids: ArrayLike) -> NDArray[np.float32]:
        """Returns the vectors of ids, as far as codes tell: the wider ones if there are any."""
        numbers = as_ids(np.atleast_1d(np.asarray(ids)), "ids", np.size(ids))
        vectors = np.empty((len(numbers), self._dim), np.float32)
        call(
            lib.vecq_index_get,
            *(self._handle, pointer(numbers, "int64_t[]"), len(numbers)),
            pointer(vectors, "float[]"),
        )
        return vectors

    @property
    def ids(self) -> NDArray[np.int64]:
        """All ids, in the order in which items were added, which is that of masks."""
        count = ffi.new("size_t *", len(self))
        while True:  # it may have grown since
            room = count[0]
            numbers = np.empty(room, np.int64)
            call(lib.vecq_index_ids, self._handle, pointer(numbers, "int64_t[]"), room, count)
            if count[0] <= room:
                return numbers[: count[0]]

    def _candidates(self, rerank: float | None, k: int) -> int:
        """How many candidates are scored on the wider store."""
        if rerank is None:
            return 0 if self._wide is None else 2 * k
        factor = real(rerank, "rerank")
        if factor == 0:
            return 0
        if self._wide is None:
            raise ArgumentError(
                f"rerank is {rerank!r}, but the index has no wider store: "
                f'vecq.Index(..., rerank="fp16") keeps one',
                "rerank",
            )
        if not 1 <= factor <= 1000:
            raise ArgumentError(f"rerank is {rerank!r}, expected 0, or 1 to 1000", "rerank")
        return min(math.ceil(factor * k), 2**31 - 1)

    def to_hnswlib(self, path: str | os.PathLike[str]) -> None:
        """Writes the graph and the decoded vectors to a file that hnswlib loads.

        Under "cosine" vectors are normalised, as hnswlib does itself.
        """
        from vecq.interop.hnswlib import write

        write(self, path)

    def to_faiss(self) -> Any:
        """Returns the graph and the decoded vectors as an IndexHNSWFlat of faiss, in an IndexIDMap
        unless ids are 0, 1, 2, ...

        Under "cosine" vectors are normalised, and the metric is the inner product.
        """
        from vecq.interop.faiss import to_faiss

        return to_faiss(self)

    def stats(self) -> IndexStats:
        """Looks over the whole graph: layers, links, what cannot be reached, memory."""
        native = ffi.new("vecq_index_stats *")
        call(lib.vecq_index_get_stats, self._handle, native)
        degrees = np.array(ffi.unpack(native.degrees, len(native.degrees)), np.int64)
        return IndexStats(
            rows=native.rows,
            layers=tuple(native.layer_rows[0 : native.layers]),
            degrees=np.trim_zeros(degrees, "b"),
            unreachable=native.unreachable,
            aside=native.aside,
            vacant=native.vacant,
            code_bytes=native.code_bytes,
            link_bytes=native.link_bytes,
            id_bytes=native.id_bytes,
            rerank_bytes=native.rerank_bytes,
        )


def _plan(plan: Plan | None, exact: bool, otherwise: Plan) -> str:
    if not exact:
        return otherwise if plan is None else plan
    if plan not in (None, "auto", "scan"):
        raise ArgumentError(f'plan is {plan!r}, but exact asks for "scan"', "plan")
    return "scan"
