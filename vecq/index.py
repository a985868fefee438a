"""The index: a facade whose methods delegate to search, updates, storage and integrations."""

from __future__ import annotations  # short signatures in help()

import os
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecq.core import html
from vecq.core.arguments import MOST, real, whole
from vecq.core.native_index import NativeIndex
from vecq.core.progress import Progress
from vecq.quantization.codec import Codec, Kind
from vecq.quantization.metric import Metric
from vecq.search import attributes as attribute_values
from vecq.search import items, knn, pages, plain, ranges
from vecq.search.attributes import AttributeKind
from vecq.search.expressions import Expression
from vecq.search.filters import Filter
from vecq.search.groups import Groups
from vecq.search.plan import Plan
from vecq.search.ranges import Ranges
from vecq.search.recall_curve import RecallCurve, stored_curve
from vecq.search.recall_measurement import measure_recall
from vecq.search.result import Result
from vecq.search.searcher import Searcher
from vecq.storage import files, pickling, stats
from vecq.storage.opening import IdType, Link, open_new
from vecq.storage.records import Check, Saved
from vecq.updates import biases, changes


class Index:
    """An HNSW graph over quantized vectors, for approximate k-nearest-neighbor search.

    Searches run from any number of threads, also while another thread changes or saves the index.
    An index pickles and copies as its file does, and `with` closes it.

    Args:
        dim: Number of dimensions of a vector, 1 to 65,535.
        metric: "ip" (inner product), "cosine" or "l2". Higher scores are better: under "l2" a
            score is minus the squared distance. Other libraries' names of these, such as
            "inner_product", "angular" and "euclidean", are accepted. Default: "ip".
        codec: Encoding of the vectors: "int4", "int8", "int12", "int16", "fp16", "fp32" or a
            `vecq.Codec`. Under "l2" the names of integer codecs stand for codecs that center.
            Default: "int8".
        m: Links of a new item; an item has up to 2 m. A larger m raises recall and costs memory.
            Default: 16.
        ef_construction: Number of candidates among which links are selected. More candidates
            improve the graph and slow down building. Default: 200.
        seed: Seed of the random layers. The same seed, calls and threads=1 make the same graph.
            Default: 0.
        link: Metric by which items are linked: "metric" (that of searches), "cosine", "moebius"
            (l2 between x / |x|**2, then repaired with items and users as queries), "layered"
            ("metric", on layers as in other libraries) or "auto": "moebius" for inner products,
            "metric" otherwise. Default: "auto".
        rerank_codec: Encoding of a second store, on which searches rescore their best candidates:
            such as "fp16", "int8" beside "int4", or a `vecq.Codec`. Default: None, no second store.
        attributes: Names and kinds of at most 40 attributes of items, by which searches filter:
            "float32", "int64", "datetime", "bool", "category" (one str of each item) or "tags"
            (any number of them). Default: none.
        id_type: "int64" or "str". String ids are not empty, have at most 65,535 bytes of UTF-8 and
            no 0 characters. Default: the type of the first ids.

    Raises:
        ArgumentError: An argument is none of these.

    >>> items = numpy.random.default_rng(0).standard_normal((1000, 64), dtype="float32")
    >>> index = vecq.Index(64, metric="cosine")
    >>> index.add(items)
    <vecq.Index of 1,000 x 64 int8, cosine, m=16>
    >>> ids, scores = index.search(items[:2], k=3)
    >>> ids[:, 0]
    array([0, 1])
    """

    _native: NativeIndex

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
        attributes: Mapping[str, AttributeKind] | None = None,
        id_type: IdType | None = None,
    ) -> None:
        self._native = open_new(
            *(dim, metric, codec, m, ef_construction, seed, link, rerank_codec),
            attributes=attributes,
            id_type=id_type,
        )

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
    ) -> Index:
        """Open the index file that `save` wrote, in an instant, however large it is.

        The file is mapped: pages are read when searches first touch them, and stay in the page
        cache, one copy for all processes. An index larger than memory works, at the speed of the
        disk. A file of at most half of the memory limit, or a preloaded one, is mapped in pages of
        2 MiB where the file system has them.

        Do not truncate or overwrite the file in place while it is open: SIGBUS ends a process that
        touches a page that is gone. Replacing the file, as `save` does, is safe.

        Args:
            path: The file.
            writable: Allow changes. They go to memory, never to the file: `save` keeps them.
                Default: False, changes raise `ReadOnlyError`.
            verify: "header" checks the section table; searches check the rest as they go, so no
                file crashes them. "full" reads everything and compares checksums. Default:
                "header".
            preload: True reads everything now; "walk" leaves out the rerank store and arrays that
                only changes need; "copy" copies what "walk" reads to huge pages of this process.
                Default: False.
            lock: Lock preloaded pages in memory, or without `preload` the upper layers and the
                ids. `ulimit -l` is the limit. Default: False.
            progress: As in `add`, in bytes, for "full" and `preload`.

        Returns:
            The index.

        Raises:
            FileError: The system cannot read the file.
            CorruptFileError: The file is no index, or does not match its checksums.
            ArgumentError: An argument is none of these.

        >>> items = numpy.random.default_rng(0).standard_normal((1000, 64), dtype="float32")
        >>> saved = vecq.Index(64, "cosine").add(items).save("items.vecq")
        >>> vecq.open("items.vecq").search(items[:2], k=3).ids[:, 0]
        array([0, 1])
        """
        return cls._of(
            files.open_file(
                path, writable, verify=verify, preload=preload, lock=lock, progress=progress
            )
        )

    @classmethod
    def _of(cls, native: NativeIndex) -> Index:
        index = cls.__new__(cls)
        index._native = native
        return index

    # Search

    def search(
        self,
        queries: ArrayLike,
        k: int,
        *,
        ef: int | None = None,
        probes: int | None = None,
        target_recall: float | None = None,
        exclude: Any = None,
        allow: ArrayLike | Filter | None = None,
        deny: ArrayLike | Filter | None = None,
        where: str | Expression | Sequence[str | Expression | None] | None = None,
        plan: Plan | None = None,
        explain: bool = False,
        rerank_factor: float | None = None,
        query_bits: Literal[8, 15] = 15,
        threads: int = 1,
        bias_weight: ArrayLike = 1.0,
        group_by: Groups | None = None,
        per_group: int | None = None,
        diversity: float = 0.0,
        candidates: int = 500,
        merge: Literal["max", "sum", "quota"] = "max",
        interest_weights: ArrayLike | None = None,
        quotas: ArrayLike | None = None,
    ) -> Result:
        """Find the k best items for each query.

        Every query has min(k, number of allowed items) results: where a walk over the graph finds
        fewer, a scan completes them.

        Args:
            queries: One query per row; a vector is one query. An array of shape (users, interests,
                dim), or a list of matrices, has several interests per user: they have one result
                list, `exclude`, `where` and `bias_weight` per user.
            k: Number of results per query.
            ef: Beam width of the walk over the graph, raised to k if smaller. A wider beam raises
                recall and takes longer. Without a filter it implies plan="walk". Default: k + 100,
                with codes in planes at least 1.25 k + 8.
            probes: Number of cells to score per query, see `partition`; it implies plan="probe".
                Default: 32, and more for a large k.
            target_recall: Recall to reach, instead of `ef` and `probes`. `measure_recall` must
                have measured which effort that takes; the cheaper plan is used. Default: None.
            exclude: Ids that the results of each query must not have, such as items that a user
                has seen: a SciPy CSR matrix, a pair of arrays (indptr, ids), or a list of id
                arrays. Unknown ids are ignored. Default: None.
            allow: Items that all queries may return: ids, a mask of booleans in the order in which
                items were added, or a `vecq.Filter`, prepared once for many searches. Default: all
                items.
            deny: Items that no query may return, in the same forms. Default: none.
            where: Condition on the attributes of results: an expression of `vecq.col`, or a str
                such as "price < 100 and not tags has 'adult'"; or a list of them, one for each
                query, in which None allows all items. Default: none.
            plan: "walk" walks the graph; "step_over" walks it and does not score rejected items;
                "scan" scores every allowed item, which on codes is exact up to the rescoring of
                the best 1.25 k + 32; "probe" scores the allowed items of the nearest cells, see
                `partition`; "auto" picks the plan of least estimated cost, "probe" only if
                `target_recall` is given. Default: "auto".
            explain: Fill `explanation` of the result. Default: False.
            rerank_factor: Candidates per result to rescore on the rerank store; 0 for none.
                Default: as many candidates as `measure_recall` found necessary; before that
                1.25 k + 8, and 2 k + 50 for "int4" codes.
            query_bits: Precision of the query for integer codes; 8 is faster and coarser
                than 15. Default: 15.
            threads: Threads for batches of queries and for scans; 0 for all cores. Default: 1,
                for services that run one process per core.
            bias_weight: Weight of the items' biases, which scores add to similarities: one number,
                or one per query; 0 gives plain similarities. Biases that decide more than
                similarities widen the beam, or make a scan, unless `ef` or `plan` is given.
                Default: 1.0.
            group_by: Groups of which a query returns at most `per_group` items, the best ones, and
                still k items where there are as many. Default: None.
            per_group: Number of results per group. Default: 1.
            diversity: 0 to 1: pick results one after the other, each with the largest (1 -
                diversity) * relevance - diversity * similarity to the most similar result before
                it. They are picked among the best `candidates`, after groups, and are in that
                order; scores stay as they are. Default: 0.
            candidates: Number of items to choose diverse results from, at least k. Default: 500.
            merge: How the interests of a user make one list, each item once: "max" ranks items by
                their best score, "sum" by the weighted sum of their similarities, "quota" takes
                the best of each interest up to its quota, then the best of all. Default: "max".
            interest_weights: Weights of the interests for "sum": a number each, alike for all
                users, or a row per user. Default: 1.
            quotas: Numbers of results of the interests for "quota", in the same forms, at most k
                in all. Default: None.

        Returns:
            Ids and scores, best first; `ids, scores = index.search(...)` unpacks them.

        Raises:
            ArgumentError: An argument is none of these, or no measured `ef` reaches
                `target_recall`.
            OutOfMemoryError: The results do not fit into memory.

        >>> items = numpy.random.default_rng(0).standard_normal((1000, 64), dtype="float32")
        >>> index = vecq.Index(64, metric="cosine").add(items)
        >>> index.search(items[:2], k=2, exclude=[[0], [1]], allow=range(100)).counts
        array([2, 2])
        """
        if (
            allow is None
            and deny is None
            and where is None
            and target_recall is None
            and probes is None
            and plan is None
            and rerank_factor is None
            and not explain
            and query_bits == 15
            and threads == 1
            and type(bias_weight) is float
            and bias_weight == 1.0
            and group_by is None
            and per_group is None
            and diversity == 0
            and merge == "max"
            and interest_weights is None
            and quotas is None
        ):
            found = plain.search_plain(self._native, queries, k, ef, exclude)
            if found is not None:
                return found
        return knn.search(
            self._native,
            queries,
            k,
            ef=ef,
            probes=probes,
            target_recall=target_recall,
            exclude=exclude,
            allow=allow,
            deny=deny,
            where=where,
            plan=plan,
            explain=explain,
            rerank_factor=rerank_factor,
            query_bits=query_bits,
            threads=threads,
            bias_weight=bias_weight,
            group_by=group_by,
            per_group=per_group,
            diversity=diversity,
            candidates=candidates,
            merge=merge,
            interest_weights=interest_weights,
            quotas=quotas,
        )

    def searcher(self, k: int, **options: Any) -> Searcher:
        """Prepare a search with fixed options, for services that answer one query per call.

        Args:
            k: Number of results per query.
            **options: Options of `search`, except `exclude`, which each call takes.

        Returns:
            A function of queries, and optionally their `exclude`, that returns a `Result`.

        Raises:
            ArgumentError: An option is wrong.

        >>> items = numpy.random.default_rng(0).standard_normal((1000, 64), dtype="float32")
        >>> find = vecq.Index(64, metric="cosine").add(items).searcher(k=3, ef=50)
        >>> find(items[7]).ids[:, 0]
        array([7])
        """
        return Searcher(self._native, k, options)

    def search_by_ids(self, ids: ArrayLike, k: int, **options: Any) -> Result:
        """Find the k best items for each of some items of the index, itself excluded.

        Args:
            ids: Ids of items in the index.
            k: Number of results per item.
            **options: Options of `search`, except `exclude`.

        Returns:
            Ids and scores, a row for each id.

        Raises:
            ArgumentError: An id is not in the index, or an option is wrong.

        >>> items = numpy.random.default_rng(0).standard_normal((1000, 64), dtype="float32")
        >>> index = vecq.Index(64, metric="cosine").add(items)
        >>> 7 in index.search_by_ids(7, k=10).ids
        False
        """
        return knn.search_by_ids(self._native, ids, k, **options)

    def search_range(self, queries: ArrayLike, threshold: float, **options: Any) -> Ranges:
        """Find all items that score at least `threshold` for each query.

        Args:
            queries: One query per row; a vector is one query.
            threshold: The least score.
            **options: Options of `search`, except `k`. A walk may miss items; plan="scan" finds
                all.

        Returns:
            Ids and scores of all queries, one after the other.

        Raises:
            ArgumentError: An argument is none of these.

        >>> index = vecq.Index(8, "cosine").add(numpy.eye(8, dtype="float32"))
        >>> index.search_range(numpy.eye(8, dtype="float32")[:2], 0.5).ids
        array([0, 1])
        """
        return ranges.search_range(self._native, queries, real(threshold, "threshold"), options)

    def search_iter(self, query: ArrayLike, page: int = 100, **options: Any) -> Iterator[Result]:
        """Yield the results of one query page by page, until no allowed item is left.

        The first page is searched for at once, each next one when it is asked for.

        Args:
            query: One vector.
            page: Number of results per page. Default: 100.
            **options: Options of `search`, except `k`.

        Returns:
            An iterator over pages; the last may have fewer results.

        Raises:
            ArgumentError: An argument is none of these.

        >>> items = numpy.random.default_rng(0).standard_normal((1000, 64), dtype="float32")
        >>> index = vecq.Index(64, metric="cosine").add(items)
        >>> [int(found.counts[0]) for found in index.search_iter(items[0], page=300)]
        [300, 300, 300, 100]
        """
        return pages.search_pages(self._native, query, whole(page, "page", 1, MOST), options)

    def measure_recall(
        self,
        queries: ArrayLike,
        k: int | Sequence[int] = (10, 100, 1000),
        *,
        threads: int = 0,
        progress: Progress = None,
    ) -> RecallCurve:
        """Measure the recall that each beam width reaches, for searches with `target_recall`.

        The truth is a scan of the same codes; `vecq.assess` measures what the codes themselves
        lose. With a rerank store, the number of candidates that searches rescore is measured first.
        The index keeps the curve and saves it. As the index grows, searches widen the beam
        with the square root of its size; when it has more than twice the measured items,
        `target_recall` raises until recall is measured again. `refit`, and removing all items,
        drop the curve.

        Args:
            queries: A few hundred vectors like the queries to come.
            k: Numbers of results per query. Between them the beam width is interpolated; beyond
                the largest it grows up to twice as fast as k. Default: (10, 100, 1000).
            threads: Threads; 0 for all cores. Default: 0.
            progress: As in `add`, in values of k.

        Returns:
            The curve.

        Raises:
            ArgumentError: There are no queries or no items, or k is out of range.

        >>> items = numpy.random.default_rng(0).standard_normal((5000, 64), dtype="float32")
        >>> index = vecq.Index(64, metric="cosine").add(items)
        >>> curve = index.measure_recall(items[:100], k=10)
        >>> index.search(items[:5], k=10, target_recall=0.95).counts
        array([10, 10, 10, 10, 10])
        """
        return measure_recall(self._native, queries, k, threads, progress)

    def get(self, ids: ArrayLike) -> NDArray[np.float32]:
        """Decode the vectors of items, from the rerank store if there is one.

        Args:
            ids: Ids of items in the index.

        Returns:
            One row per id. Codes lose precision: the vectors are close to those that were added.

        Raises:
            ArgumentError: An id is not in the index.

        >>> vecq.Index(2, codec="fp32").add([[1.0, 2.0]]).get(0)
        array([[1., 2.]], dtype=float32)
        """
        return items.get(self._native, ids)

    def get_bias(self, ids: ArrayLike) -> NDArray[np.float32]:
        """Return the biases of items; 0 where none was set.

        Args:
            ids: Ids of items in the index.

        Returns:
            One number per id.

        Raises:
            ArgumentError: An id is not in the index.

        >>> vecq.Index(4).add(numpy.eye(4), bias=[0, 0.5, 1, 0]).get_bias([1, 2])
        array([0.5, 1. ], dtype=float32)
        """
        return biases.get_biases(self._native, ids)

    def get_attributes(
        self, ids: ArrayLike, names: Sequence[str] | None = None
    ) -> dict[str, NDArray[Any]]:
        """Read attributes of items.

        Args:
            ids: Ids of items in the index.
            names: Attributes to read. Default: all.

        Returns:
            An array per attribute, of one value per id. Null is NaN in a "float32", NaT in a
            "datetime" and None in the others, whose arrays hold Python objects.

        Raises:
            ArgumentError: An id is not in the index, or a name is none of its attributes.

        >>> index = vecq.Index(4, attributes={"seller": "category", "price": "float32"})
        >>> _ = index.add(numpy.eye(4), attributes={"seller": ["a", "b", "b", None]})
        >>> index.get_attributes([0, 3])
        {'seller': array(['a', None], dtype=object), 'price': array([nan, nan], dtype=float32)}
        """
        return attribute_values.get_attributes(self._native, ids, names)

    # Updates

    def add(
        self,
        vectors: ArrayLike,
        ids: ArrayLike | None = None,
        *,
        bias: ArrayLike | None = None,
        users: ArrayLike | None = None,
        build: Literal["auto", "bulk", "incremental"] = "auto",
        attributes: Any = None,
        threads: int = 0,
        progress: Progress = None,
    ) -> Index:
        """Add vectors, all or none of them.

        A `QuantizationWarning` tells if the codes of the first vectors alone lose more than 2.5
        points of recall@10. Ctrl-C, or an exception from `progress`, ends the addition early: the
        vectors that were linked by then stay; of a bulk build, none.

        Args:
            vectors: One item per row, of float32, float64 or float16.
            ids: A 64-bit integer or a string per item that is not in use; the first ids decide
                which. Columns of Arrow, pandas and polars are accepted. Default: integers continue
                from the largest id; the first is 0.
            bias: A number per vector, or one for all, which searches add to the item's similarity,
                such as its popularity. Default: 0.
            users: For metric "ip", a few thousand vectors like the queries to come, which improve
                the graph. Default: None.
            build: How the graph is built:

                - "incremental" links each item by a walk over the graph.
                - "bulk" compares all pairs of items within overlapping groups, for the first items
                  of an index. It ignores `ef_construction`.
                - "auto" is "bulk" for 50,000 and more first items, unless `users` are given or
                  `ef_construction` is above 200; otherwise "incremental".

                Default: "auto".
            attributes: Attributes of the items, a column per name and a value per item: a dict, a
                data frame of pandas or polars, or an Arrow table. Attributes without a column are
                null. Default: None.
            threads: Threads; 0 for all cores. Default: 0.
            progress: A function that is called with the done and the total number of items; True
                for a bar, False for none. Default: a bar in terminals, for work of seconds.

        Returns:
            The index.

        Raises:
            ArgumentError: Vectors have a wrong shape or a value that is not finite, or an id is in
                use.
            ReadOnlyError: The index was opened without `writable`.
            OutOfMemoryError: There is not enough memory.

        >>> vecq.Index(4).add(numpy.eye(4), ids=[10, 20, 30, 40]).ids
        array([10, 20, 30, 40])
        """
        changes.add(
            *(self._native, vectors, ids, users, threads, progress),
            bias=bias,
            build=build,
            attributes=attributes,
        )
        return self

    def upsert(
        self,
        vectors: ArrayLike,
        ids: ArrayLike,
        *,
        bias: ArrayLike | None = None,
        attributes: Any = None,
        threads: int = 0,
        progress: Progress = None,
    ) -> Index:
        """Replace the vectors of items, and add items that are not in the index.

        Searches find an item by its old vector until the new one is linked, never by both. An item
        keeps its place in `ids` and in filters. An upsert that is ended early, as `add` may be, has
        replaced some of the items.

        Args:
            vectors: One item per row.
            ids: A 64-bit integer or a string per item, none twice.
            bias: As in `add`. Default: items keep their biases; that of a new item is 0.
            attributes: As in `add`. Items that are replaced keep the attributes that have no
                column. Default: None, they keep all.
            threads: Threads; 0 for all cores. Default: 0.
            progress: As in `add`.

        Returns:
            The index.

        Raises:
            ArgumentError: As for `add`, or an id is given twice.
            ReadOnlyError: The index was opened without `writable`.

        >>> items = numpy.random.default_rng(0).standard_normal((1000, 64), dtype="float32")
        >>> index = vecq.Index(64, metric="cosine").add(items[:999])
        >>> len(index.upsert(items[[500, 999]], [7, 999]))
        1000
        >>> sorted(index.search(items[500], k=2).ids[0].tolist())
        [7, 500]
        """
        changes.add(
            *(self._native, vectors, ids, None, threads, progress),
            bias=bias,
            updating=True,
            attributes=attributes,
        )
        return self

    def set_bias(self, ids: ArrayLike, values: ArrayLike) -> Index:
        """Set the biases of items, which searches add to their similarities.

        Searches run meanwhile, and each query sees all new biases of the call or none. A million
        take less than 0.1 s.

        Args:
            ids: Ids of items in the index. Of an id given twice the last value counts.
            values: A number per id, or one for all: finite, at most 1e18 in magnitude.

        Returns:
            The index.

        Raises:
            ArgumentError: An id is not in the index, or a value is none of these.
            ReadOnlyError: The index was opened without `writable`.

        >>> index = vecq.Index(4).add(numpy.eye(4))
        >>> index.set_bias([2], [0.5]).search([1.0, 0, 0, 0], k=2).scores
        array([[1. , 0.5]], dtype=float32)
        """
        biases.set_biases(self._native, ids, values)
        return self

    def set_attributes(self, ids: ArrayLike, table: Any = None, /, **columns: Any) -> Index:
        """Change attributes of items, while searches run.

        A search sees all attributes of an item change at once.

        Args:
            ids: Ids of items in the index, or one id.
            table: Columns in the forms of `add`. Default: None.
            **columns: A column per attribute, instead of `table`; for one id also one value. None
                is null.

        Returns:
            The index.

        Raises:
            ArgumentError: An id is not in the index, or a value is not of the attribute's kind.
            ReadOnlyError: The index was opened without `writable`.

        >>> index = vecq.Index(4, attributes={"price": "float32", "stock": "bool"})
        >>> _ = index.add(numpy.eye(4)).set_attributes([0, 1], price=[9.5, 20], stock=[True, False])
        >>> index.search(numpy.eye(4)[0], k=4, where="price < 30 and stock").ids
        array([[ 0, -1, -1, -1]])
        """
        attribute_values.set_attributes(self._native, ids, table, columns)
        return self

    def remove(self, ids: ArrayLike, *, progress: Progress = None) -> Index:
        """Remove items.

        The graph is repaired around them, so that recall stays; their slots are reused. Ctrl-C, or
        an exception from `progress`, ends it early with the first of them removed.

        Args:
            ids: Ids of items in the index, none twice.
            progress: As in `add`.

        Returns:
            The index.

        Raises:
            ArgumentError: An id is not in the index or is given twice.
            ReadOnlyError: The index was opened without `writable`.

        >>> items = numpy.random.default_rng(0).standard_normal((1000, 64), dtype="float32")
        >>> index = vecq.Index(64, metric="cosine").add(items)
        >>> 7 in index.remove([7, 8]), len(index)
        (False, 998)
        """
        changes.remove(self._native, ids, progress)
        return self

    def refit(self, *, progress: Progress = None) -> Index:
        """Fit the codec to the present items and encode them again.

        For a codec with a global scale or a center, when the added items have drifted from those
        that it was fitted to: a `QuantizationWarning` tells when. The vectors come from the rerank
        store, so the index needs `rerank_codec`. The graph stays. Searches continue meanwhile,
        changes wait.

        Args:
            progress: As in `add`.

        Returns:
            The index.

        Raises:
            ArgumentError: The index has no rerank store.
            ReadOnlyError: The index was opened without `writable`.

        >>> items = numpy.random.default_rng(0).standard_normal((1000, 64), dtype="float32")
        >>> codec = vecq.Codec("int8", scale="global")
        >>> index = vecq.Index(64, "l2", codec, rerank_codec="fp16").add(items)
        >>> index.upsert(3 * items, index.ids).stats().clipped > 0.05
        True
        >>> index.refit().stats().clipped < 0.001
        True
        """
        changes.refit(self._native, progress)
        return self

    def compact(self, *, progress: Progress = None) -> Index:
        """Free the slots of removed items, and relink items that no walk reaches.

        Additions reuse the slots, so this is for an index that was large and stays small. It needs
        memory for a copy of the remaining items. Searches continue meanwhile, changes wait.

        Args:
            progress: As in `add`.

        Returns:
            The index.

        Raises:
            ReadOnlyError: The index was opened without `writable`.
            OutOfMemoryError: There is not enough memory for the copy.

        >>> items = numpy.random.default_rng(0).standard_normal((1000, 64), dtype="float32")
        >>> index = vecq.Index(64, "l2").add(items).remove(range(900))
        >>> index.stats().free_slots, index.compact().stats().free_slots
        (900, 0)
        """
        changes.compact(self._native, progress)
        return self

    def partition(self, cells: int | None = None, *, progress: Progress = None) -> Index:
        """Group the items into cells, so that large batches can score the nearest cells only.

        Searches with plan="probe", or `probes`, score the items of the cells whose centroids are
        nearest to a query. Batches of about a thousand queries and more share the work of reading a
        cell, so that probing takes less time than walking, mostly for a large k. Cells are saved
        with the index. Items added later are in no cell, and every probe scores them: partition
        again once they are many. `refit`, `compact` and removing the last item drop the cells.
        Searches continue meanwhile, changes wait.

        Args:
            cells: Number of cells. Default: twice the square root of the number of items.
            progress: As in `add`.

        Returns:
            The index.

        Raises:
            ArgumentError: The index is empty, or `cells` is larger than the number of items.
            ReadOnlyError: The index was opened without `writable`.

        >>> items = numpy.random.default_rng(0).standard_normal((10_000, 64), dtype="float32")
        >>> index = vecq.Index(64, "l2").add(items).partition(100)
        >>> index.search(items[:1000], k=100, probes=20).ids.shape
        (1000, 100)
        """
        changes.partition(self._native, cells, progress)
        return self

    # Storage

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        progress: Progress = None,
    ) -> Saved:
        """Write the index to a file, all or nothing.

        The file is written beside the old one, forced to disk and renamed. After an error or
        Ctrl-C the old file is as it was; processes that have it open keep it. Searches and changes
        continue meanwhile: the file holds the index as of the call.

        If the file has changed since this index was opened from it or last saved to it, `save`
        raises: open it again and repeat the changes. A file that this index was never opened from
        or saved to is replaced.

        Args:
            path: The file, usually named *.vecq.
            overwrite: Replace the file even if it has changed. Default: False.
            progress: As in `add`, in bytes. Default: a bar for more than 1 GB.

        Returns:
            Size, duration, and the seconds for which changes had to wait.

        Raises:
            FileChangedError: The file has changed, and `overwrite` is False.
            FileError: The system cannot write the file.

        >>> saved = vecq.Index(8).add(numpy.eye(8, dtype="float32")).save("eight.vecq")
        >>> saved.pause_seconds < saved.seconds
        True
        """
        return files.save(self._native, path, overwrite, progress)

    def close(self) -> None:
        """Close the index: free its memory, or unmap its file, once no other thread uses it.

        Every later call raises `ArgumentError`. `with vecq.open(path) as index:` closes it, too.
        """
        self._native.close()

    def check(self, *, progress: Progress = None) -> Check:
        """Check the index for faults.

        Faults are wrong checksums of its file, numbers that are not finite, dangling links,
        unreachable items and ids given twice. After small changes a few items may be unreachable
        until the next repair: they are faults only if they outnumber the changes since.

        Args:
            progress: As in `add`, in bytes.

        Returns:
            The faults; `ok` is True if there are none.

        >>> print(vecq.Index(8).add(numpy.eye(8, dtype="float32")).check())
        nothing is wrong
        """
        return files.check(self._native, progress)

    def stats(self) -> stats.IndexStats:
        """Return statistics of the whole graph: layers, links, unreachable items, memory.

        >>> vecq.Index(8).add(numpy.eye(8, dtype="float32")).stats().rows
        8
        """
        return stats.stats(self._native)

    # Other libraries

    def to_hnswlib(self, path: str | os.PathLike[str] | None = None) -> Any:
        """Export the graph and the decoded vectors to hnswlib.

        Under "cosine" the exported vectors are normalized, as hnswlib does itself. Items with
        string ids are numbered by their position in `ids`.

        Args:
            path: The file to write, for `hnswlib.Index.load_index`. Default: None, write no file.

        Returns:
            An `hnswlib.Index`; None if `path` is given. Writing a file does not need hnswlib.

        Raises:
            ArgumentError: An id is negative, which hnswlib does not allow.
            UnsupportedError: hnswlib is not installed.
            FileError: The system cannot write the file.

        >>> vecq.Index(8).add(numpy.eye(8, dtype="float32")).to_hnswlib("items.bin")
        """
        from vecq.integrations.exchange import hnswlib_format

        return hnswlib_format.export(self._native, path)

    def to_faiss(self, path: str | os.PathLike[str] | None = None) -> Any:
        """Export the graph and the decoded vectors to faiss.

        The result is an IndexHNSWFlat, inside an IndexIDMap unless the ids are 0, 1, 2, ... Under
        "cosine" the exported vectors are normalized, and the metric is the inner product. Items
        with string ids are numbered by their position in `ids`.

        Args:
            path: The file to write, for `faiss.read_index`. Default: None, write no file.

        Returns:
            A `faiss.Index`; None if `path` is given. Writing a file does not need faiss.

        Raises:
            UnsupportedError: faiss is not installed.
            FileError: The system cannot write the file.

        >>> vecq.Index(8).add(numpy.eye(8, dtype="float32")).to_faiss("items.faiss")
        """
        from vecq.integrations.exchange import faiss_format

        return faiss_format.export(self._native, path)

    # Properties

    @property
    def dim(self) -> int:
        """Number of dimensions."""
        return self._native.dim

    @property
    def metric(self) -> Metric:
        """ "ip", "cosine" or "l2"."""
        return self._native.metric

    @property
    def codec(self) -> Codec:
        """The codec of the vectors."""
        return self._native.codec

    @property
    def rerank_codec(self) -> Codec | None:
        """The codec of the rerank store; None if there is none."""
        return self._native.rerank_codec

    @property
    def m(self) -> int:
        """Links of a new item."""
        return self._native.m

    @property
    def ef_construction(self) -> int:
        """Number of candidates among which links are selected."""
        return self._native.ef_construction

    @property
    def attributes(self) -> dict[str, AttributeKind]:
        """Names and kinds of the attributes of items."""
        return attribute_values.schema_of(self._native)

    @property
    def recall_curve(self) -> RecallCurve | None:
        """The curve that `measure_recall` stored; None if there is none."""
        return stored_curve(self._native)

    @property
    def id_type(self) -> IdType:
        """ "int64" or "str"."""
        return "str" if self._native.has_names else "int64"

    @property
    def ids(self) -> NDArray[Any]:
        """All ids, in the order in which items were added, which is that of masks."""
        return items.all_ids(self._native)

    def __len__(self) -> int:
        return len(self._native)

    def __contains__(self, id: object) -> bool:
        return items.contains(self._native, id)

    def __enter__(self) -> Index:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __reduce__(self) -> Any:
        return _unpickled, (pickling.to_bytes(self._native),)

    def __repr__(self) -> str:
        if self._native.closed:
            return "<vecq.Index, closed>"
        reranked = "" if self.rerank_codec is None else f" reranked by {self.rerank_codec.kind}"
        names = ", ".join(self.attributes)
        filtered = f", attributes {names}" if names else ""
        return (
            f"<vecq.Index of {len(self):,} x {self.dim} {self.codec.kind}{reranked}, "
            f"{self.metric}, m={self.m}{filtered}>"
        )

    def _repr_html_(self) -> str:
        if self._native.closed:
            return repr(self)
        shown = ("metric", "codec", "rerank_codec", "m", "ef_construction", "recall_curve")
        rows = [(name, getattr(self, name)) for name in shown]
        return html.table(repr(self).strip("<>"), ("setting", "value"), rows)


def _unpickled(content: bytes) -> Index:
    return Index._of(pickling.from_bytes(content))
