"""Items that come, change and go."""

from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from vecq._native import lib
from vecq.core.arrays import as_ids, as_vectors
from vecq.core.errors import ArgumentError
from vecq.core.progress import Progress
from vecq.storage import files
from vecq.updates.growing import FEW, ChangeReport, Growing

Own = TypeVar("Own", bound="Changing")


class Changing(Growing):
    """How an index is changed. Changes of several threads take turns."""

    def add(
        self: Own,
        vectors: ArrayLike,
        ids: ArrayLike | None = None,
        *,
        users: ArrayLike | None = None,
        threads: int = 0,
        progress: Progress = None,
    ) -> Own:
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
        self._grow(rows, numbers, sample, threads, progress)
        return self

    def upsert(
        self: Own,
        vectors: ArrayLike,
        ids: ArrayLike,
        *,
        threads: int = 0,
        progress: Progress = None,
    ) -> Own:
        """Gives items new vectors, and adds those that are not there yet; returns the index.

        Searches find an item by its old vector until the new one is linked, and never by both. It
        keeps its place in `ids`, and passes a `Filter` if it did before. What is ended early, as
        `add` may be, has updated some of the items.

        Args:
            vectors: one row each.
            ids: a whole number of 64 bits for each vector, none twice.
            threads, progress: as in `add`.

        >>> items = numpy.random.default_rng(0).standard_normal((1000, 64), dtype="float32")
        >>> index = vecq.Index(64, metric="cosine").add(items[:999])
        >>> len(index.upsert(items[[500, 999]], [7, 999]))
        1000
        >>> sorted(index.search(items[500], k=2).ids[0])
        [7, 500]
        """
        rows = as_vectors(vectors, "vectors", self._dim)
        numbers = as_ids(np.atleast_1d(np.asarray(ids)), "ids", len(rows))
        self._grow(rows, numbers, None, threads, progress, updating=True)
        return self

    def remove(self: Own, ids: ArrayLike, *, progress: Progress = None) -> Own:
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
        with self._turn(), ChangeReport(self, progress, len(numbers)) as report:
            if len(numbers) > FEW:
                self._require(numbers)
            self._remove(numbers, report)
            self._repair()
        return self

    def refit(self: Own, *, progress: Progress = None) -> Own:
        """Fits the codec to the items that there are now, and makes their codes anew.

        For a codec with a scale that all rows share, or that centres, when what is added has moved
        away from what it was fitted to: a warning says when. It needs `rerank_codec=`, whose wider
        codes are what it starts from. The graph stays. Searches go on meanwhile, changes wait.

        >>> items = numpy.random.default_rng(0).standard_normal((1000, 64), dtype="float32")
        >>> codec = vecq.Codec("int8", scale="global")
        >>> index = vecq.Index(64, "l2", codec, rerank_codec="fp16").add(items)
        >>> index.upsert(3 * items, index.ids).stats().clipped > 0.1
        True
        >>> index.refit().stats().clipped < 0.001
        True
        """
        with self._turn(), ChangeReport(self, progress, len(self)) as report:
            files.rebuild(lib.vecq_task_refit, self._handle, report)
            self._warned = False
        return self

    def compact(self: Own, *, progress: Progress = None) -> Own:
        """Gives up the room that removed items left, and looks for items that no walk comes to.

        Additions use that room again, so this is for an index that stays small after it was large.
        It takes memory for a copy of what is left. Searches go on meanwhile, changes wait.

        >>> items = numpy.random.default_rng(0).standard_normal((1000, 64), dtype="float32")
        >>> index = vecq.Index(64, "l2").add(items).remove(range(900))
        >>> index.stats().free_slots, index.compact().stats().free_slots
        (900, 0)
        """
        with self._turn(), ChangeReport(self, progress, len(self)) as report:
            files.rebuild(lib.vecq_task_compact, self._handle, report)
        return self

    def __contains__(self, id: object) -> bool:
        """Whether there is an item of that id."""
        try:
            numbers = as_ids(np.asarray(id).reshape(1), "id", 1)
        except (ArgumentError, TypeError, ValueError):
            return False
        return bool(self._held(numbers)[0])
