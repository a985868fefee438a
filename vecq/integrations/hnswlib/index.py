"""Index of hnswlib, over an index of vecq."""

import os
import threading
from io import BytesIO
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

import vecq
from vecq.integrations.exchange.adoption import adopt, index_for
from vecq.integrations.exchange.export import graph_of
from vecq.integrations.exchange.hnswlib_format import encode, parse
from vecq.integrations.exchange.reader import Reader
from vecq.integrations.exchange.writer import replacing
from vecq.integrations.hnswlib.inputs import (
    Filter,
    as_count,
    as_labels,
    as_rows,
    as_runtime_error,
    as_size,
    checked_space,
    nothing,
    require_full,
)
from vecq.integrations.hnswlib.query import Query
from vecq.quantization.codec import Codec, Kind

EF = 10
MOST_THREADS, MOST_CANDIDATES = 1024, 100_000
# With M=1 there are lists of two links on all layers, instead of one above the lowest.
LEAST_M, MOST_M = 2, 256


class Index:
    """Approximate nearest neighbors, as `hnswlib.Index`."""

    def __init__(
        self,
        space: "str | Index | None" = None,
        dim: int | None = None,
        *,
        codec: Kind | Codec = "fp32",
        index: "Index | None" = None,
    ) -> None:
        """Make an empty index, or a copy of another one."""
        other = space if isinstance(space, Index) else index
        if other is not None:
            self.__setstate__(other.__getstate__())
            return
        if space is None or dim is None:
            raise TypeError("Index takes space and dim, or an index to copy")
        self._space, self._dim, self._codec = checked_space(space), as_count(dim, "dim"), codec
        # Labels are its ids, those beyond int64 negative ones.
        self._own: vecq.Index | None = None
        self._deleted: set[int] = set()  # ids
        self._ef, self._m, self._ef_construction, self._room = EF, 0, 0, 0
        self._replaces, self._next = False, 0
        self._found: vecq.Filter | None = None
        self._lock = threading.RLock()
        self.num_threads = os.cpu_count() or 1

    def init_index(
        self,
        max_elements: int,
        M: int = 16,  # noqa: N803
        ef_construction: int = 200,
        random_seed: int = 100,
        allow_replace_deleted: bool = False,
    ) -> None:
        if self._own is not None:
            raise RuntimeError("The index is already initiated.")
        room, m = as_size(max_elements, "max_elements"), as_size(M, "M")
        if m > MOST_M:
            raise RuntimeError(f"M is {m}, expected at most {MOST_M}")
        candidates = max(as_size(ef_construction, "ef_construction"), m)
        with as_runtime_error():
            self._own = vecq.Index(
                self._dim,
                self._space,
                self._codec,
                m=max(m, LEAST_M),
                ef_construction=min(candidates, MOST_CANDIDATES),
                seed=as_size(random_seed, "random_seed"),
            )
        self._m, self._ef_construction, self._room = m, candidates, room
        self._replaces = allow_replace_deleted

    def add_items(
        self, data: Any, ids: Any = None, num_threads: int = -1, replace_deleted: bool = False
    ) -> None:
        """Add vectors; a vector with a known label replaces the old one."""
        own = self._index()
        rows = as_rows(data, self._dim, self._space)
        if replace_deleted and not self._replaces:
            raise RuntimeError("Replacement of deleted elements is disabled in constructor")
        with as_runtime_error(), self._lock:
            if ids is None:
                labels = np.arange(self._next, self._next + len(rows), dtype=np.int64)
            else:
                rows, labels = _last_of_each(rows, as_labels(ids, len(rows)).view(np.int64))
            vacant = self._vacant(labels, replace_deleted)
            own.upsert(rows, labels, threads=self._threads(num_threads, len(rows)))
            own.remove(vacant)
            self._next += len(rows)
            self._deleted.difference_update(labels.tolist(), vacant.tolist())
            self._found = None

    def _vacant(self, ids: NDArray[np.int64], replace_deleted: bool) -> NDArray[np.int64]:
        """Return deleted ids whose slots new vectors reuse, if there is capacity for all."""
        own, given = self._index(), set(ids.tolist())
        if self._replaces and not replace_deleted and given & self._deleted:
            raise RuntimeError(
                "Can't use addPoint to update deleted elements if replacement of deleted elements "
                "is enabled."
            )
        new = sum(id not in own for id in given)
        vacant = np.array(sorted(self._deleted - given) if replace_deleted else [], np.int64)
        vacant = vacant[own._native.contains(vacant)][
            :new
        ]  # an interrupt may leave ids of removed items
        if len(own) + new - len(vacant) > self._room:
            raise RuntimeError("The number of elements exceeds the specified limit")
        return vacant

    def knn_query(
        self, data: Any, k: int = 1, num_threads: int = -1, filter: Filter | None = None
    ) -> tuple[NDArray[np.uint64], NDArray[np.float32]]:
        """Return labels and distances of the k nearest vectors, nearest first.

        Args:
            filter: is asked whether a label may be found. It is asked about the nearest labels
                first, and about all of them if too few of these may.
        """
        own = self._index()
        wanted, queries = as_size(k, "k"), as_rows(data, self._dim, self._space)
        if wanted == 0:
            return nothing(len(queries))
        require_full(len(own), wanted)
        query = self._query(self._threads(num_threads, len(queries)))
        with as_runtime_error():
            if filter is None:
                return query.nearest(queries, wanted)
            return query.nearest_that_pass(queries, wanted, filter)

    def _query(self, threads: int) -> Query:
        own = self._index()
        sharp = self._space == "l2" and Codec.of(self._codec).kind == "fp32"
        with self._lock:
            deleted = np.array(sorted(self._deleted), np.int64)
            if self._found is None and self._deleted:
                self._found = vecq.Filter(own, deny=deleted)
            return Query(own, deleted, self._found, self._space, sharp, self._ef, threads)

    def get_items(self, ids: Any = None, return_type: str = "numpy") -> Any:
        """Return the vectors of labels, as an array or a list of lists."""
        if return_type not in ("numpy", "list"):
            raise ValueError('return_type should be "numpy" or "list"')
        labels = np.asarray([] if ids is None else ids)
        if labels.ndim == 0:
            raise ValueError("get_items accepts a list of indices and returns a list of vectors")
        own = self._index()
        with self._lock:
            asked = [self._id(label) for label in labels.ravel()[: len(labels)].tolist()]
            if self._deleted.intersection(asked):
                raise RuntimeError("Label not found")
            vectors = own.get(np.array(asked, np.int64))
        return vectors if return_type == "numpy" else vectors.tolist()

    def get_ids_list(self) -> list[int]:
        labels: list[int] = [] if self._own is None else self._own.ids.view(np.uint64).tolist()
        return labels

    def _id(self, label: int) -> int:
        id = int(np.uint64(as_size(label, "label")).astype(np.int64))
        if id not in self._index():
            raise RuntimeError("Label not found")
        return id

    def mark_deleted(self, label: int) -> None:
        with self._lock:
            id = self._id(label)
            if id in self._deleted:
                raise RuntimeError("The requested to delete element is already deleted")
            self._deleted.add(id)
            self._found = None

    def unmark_deleted(self, label: int) -> None:
        with self._lock:
            id = self._id(label)
            if id not in self._deleted:
                raise RuntimeError("The requested to undelete element is not deleted")
            self._deleted.remove(id)
            self._found = None

    def resize_index(self, new_size: int) -> None:
        room = as_size(new_size, "new_size")
        if room < len(self._index()):
            raise RuntimeError(
                "Cannot resize, max element is less than the current number of elements"
            )
        self._room = room

    def save_index(self, path_to_index: str) -> None:
        """Write a file that hnswlib can read."""
        self._index()
        with as_runtime_error(), replacing(path_to_index) as file:
            self._encode(file)

    def _encode(self, file: IO[bytes]) -> None:
        with self._lock:
            graph = graph_of(self._index()._native)
            deleted = np.isin(graph.ids, sorted(self._deleted))
            m = max(self._m, LEAST_M)
            encode(graph, file, m, self._ef_construction, deleted, self._room)

    def load_index(
        self, path_to_index: str, max_elements: int = 0, allow_replace_deleted: bool = False
    ) -> None:
        """Load a file that hnswlib or `save_index` wrote, with its deleted elements."""
        room = as_size(max_elements, "max_elements")
        with as_runtime_error(), self._lock:
            self._decode(Reader.of(path_to_index), room)
            self._replaces, self._ef = allow_replace_deleted, EF

    def _decode(self, reader: Reader, room: int) -> None:
        saved = parse(reader, self._dim)
        graph = saved.graph
        count = len(graph.ids)
        with reader.blamed():
            if len(np.unique(graph.ids)) < count:
                reader.fail("a label belongs to two rows")
            own = index_for(graph, self._space, self._codec, None, saved.ef_construction)
            self._own = adopt(graph, own, 0, False)
        self._deleted, self._found = set(graph.ids[saved.deleted].tolist()), None
        self._m, self._ef_construction = graph.m, saved.ef_construction
        self._room = room if room >= count else saved.room
        self._next = count

    def index_file_size(self) -> int:
        content = BytesIO()
        self._encode(content)
        return content.tell()

    def __getstate__(self) -> dict[str, Any]:
        content = None
        if self._own is not None:
            written = BytesIO()
            self._encode(written)
            content = written.getvalue()
        kept = ("_space", "_dim", "_codec", "_ef", "_room", "_replaces", "_next", "num_threads")
        return {"content": content} | {name: getattr(self, name) for name in kept}

    def __setstate__(self, state: dict[str, Any]) -> None:
        content = state.pop("content")
        self.__init__(state["_space"], state["_dim"], codec=state["_codec"])  # type: ignore[misc]
        if content is not None:
            self._decode(Reader(np.frombuffer(content, np.uint8), "<pickle>"), state["_room"])
        self.__dict__.update(state)

    def set_ef(self, ef: int) -> None:
        self._ef = as_size(ef, "ef")

    def set_num_threads(self, num_threads: int) -> None:
        self.num_threads = as_count(num_threads, "num_threads")

    def get_max_elements(self) -> int:
        return self._room

    def get_current_count(self) -> int:
        return 0 if self._own is None else len(self._own)

    space = property(lambda self: self._space)
    dim = property(lambda self: self._dim)
    ef = property(lambda self: self._ef, set_ef)
    M = property(lambda self: self._m)
    ef_construction = property(lambda self: self._ef_construction)
    max_elements = property(get_max_elements)
    element_count = property(get_current_count)

    def __repr__(self) -> str:
        return f"<vecq.integrations.hnswlib.Index(space={self._space!r}, dim={self._dim})>"

    def _index(self) -> vecq.Index:
        if self._own is None:
            raise RuntimeError("The index is not initiated: call init_index or load_index first.")
        return self._own

    def _threads(self, given: int, rows: int) -> int:
        """Return the number of threads; one for a few rows, as hnswlib does."""
        asked = as_count(given, "num_threads")
        threads = asked if asked > 0 else max(self.num_threads, 0)
        return 1 if 0 < rows <= 4 * threads else min(threads, MOST_THREADS)


def _last_of_each(
    rows: NDArray[np.float32], labels: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Keep the last of vectors with the same label."""
    _, last = np.unique(labels[::-1], return_index=True)
    if len(last) == len(labels):
        return rows, labels
    kept = np.sort(len(labels) - 1 - last)
    return rows[kept], labels[kept]
