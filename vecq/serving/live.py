"""An index that follows its file: a new version is opened beside the old one, then swapped in.

Life cycle of a version: a poll, or `reload`, sees another file under the path; the file is opened
by descriptor, checked and warmed, while searches use the old version; one assignment makes it
current.
Searches hold a reference to the version that they began on. The last reference unmaps its file.

`_loading` serializes polls, `reload` and `close`; searches take no lock. The thread that polls
holds a weak reference, so that a forgotten handle ends it. A fork leaves the thread behind: the
child starts its own, with a lock of its own.
"""

from __future__ import annotations  # short signatures in help()

import os
import threading
import weakref
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecq.core.arguments import real, whole
from vecq.core.errors import ArgumentError, FileError, ReloadWarning, VecqError
from vecq.core.warn import warn_caller
from vecq.index import Index
from vecq.quantization.codec import Codec
from vecq.quantization.metric import Metric
from vecq.search.ranges import Ranges
from vecq.search.recall_curve import RecallCurve
from vecq.search.result import Result
from vecq.search.searcher import Searcher
from vecq.serving.versions import (
    Opening,
    Signature,
    Version,
    open_version,
    path_of,
    signature_of,
)
from vecq.storage.stats import IndexStats


class Live:
    """A read-only index that follows a file: a new version under the same path replaces it.

    A new version is opened, checked and warmed beside the old one, then swapped in. Searches that
    run finish on the version that they began on. A file that is missing or damaged keeps the old
    version: `error` holds the reason, and a `ReloadWarning` tells it. Threads may share the handle.
    After a fork, the child follows the file on its own.

    A `vecq.Filter`, and a `searcher`, belong to one version: make them from `index`, again after
    each swap.

    Args:
        path: A file that `vecq.Index.save` wrote, replaced as `save` does: by renaming.
        interval: Seconds between two looks at the file; None looks only in `reload`. Default: 1.
        verify: As in `vecq.open`; "full" compares all checksums. Default: "full".
        preload: As in `vecq.open`. Default: "walk".
        lock: As in `vecq.open`. Default: False.
        warm: Items to search for before a version is swapped in. Default: 64.
        on_swap: A function that is called with this handle after each swap, on the thread that
            loaded the version. Default: None.
        on_error: A function that is called with the error of each failed load, instead of the
            warning. Default: None.

    Raises:
        FileError: The system cannot read the first version.
        CorruptFileError: The first version is no index, or does not match its checksums.
        ArgumentError: An argument is none of these.

    >>> items = numpy.random.default_rng(0).standard_normal((1000, 64), dtype="float32")
    >>> saved = vecq.Index(64, "cosine").add(items[:900]).save("items.vecq")
    >>> live = vecq.Live("items.vecq", interval=None)
    >>> saved = vecq.Index(64, "cosine").add(items).save("items.vecq")
    >>> len(live), live.reload(), len(live)
    (900, True, 1000)
    >>> live.search(items[:2], k=3).ids[:, 0]
    array([0, 1])
    >>> live.close()
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        interval: float | None = 1.0,
        verify: Literal["header", "full"] = "full",
        preload: bool | Literal["walk", "copy"] = "walk",
        lock: bool = False,
        warm: int = 64,
        on_swap: Callable[[Live], object] | None = None,
        on_error: Callable[[VecqError], object] | None = None,
    ) -> None:
        if interval is not None and not real(interval, "interval") > 0:
            raise ArgumentError(
                f"interval is {interval!r}, expected seconds above 0, or None", "interval"
            )
        self._path, self._interval = path_of(path), interval
        self._opening = Opening(verify, preload, lock, whole(warm, "warm", 0, 1 << 20))
        self._on_swap, self._on_error = on_swap, on_error
        self._version: Version | None = open_version(self._path, self._opening)
        self._seen: Signature | None = self._version.signature
        self._swaps, self._error = 0, None
        self._loading = threading.RLock()
        self._start()
        _HANDLES.add(self)

    _error: VecqError | None

    # The file

    @property
    def index(self) -> Index:
        """The current version; searches on it are not affected by later swaps."""
        return self._current().index

    @property
    def version(self) -> str:
        """The name of the current version: 16 digits that depend on the content of the file."""
        return self._current().name

    @property
    def swaps(self) -> int:
        """Number of versions that replaced the first one."""
        return self._swaps

    @property
    def error(self) -> VecqError | None:
        """Why the file was not loaded, as of the last look at it; None if it was."""
        return self._error

    def reload(self) -> bool:
        """Look at the file now, and load it if it has changed or failed before.

        Returns:
            Whether another version was swapped in; if it failed, `error` says why.
        """
        with self._loading:
            self._current()
            return self._look(again=True)

    def close(self) -> None:
        """Stop following the file and drop the version. Searches that run finish."""
        self._stopped.set()
        with self._loading:
            self._version = None

    # Search

    def search(self, queries: ArrayLike, k: int, **options: Any) -> Result:
        """Find the k best items for each query, as `vecq.Index.search` does."""
        return self._current().index.search(queries, k, **options)

    def search_by_ids(self, ids: ArrayLike, k: int, **options: Any) -> Result:
        """Find the k best items for each of some items, as `vecq.Index.search_by_ids` does."""
        return self._current().index.search_by_ids(ids, k, **options)

    def search_range(self, queries: ArrayLike, threshold: float, **options: Any) -> Ranges:
        """Find all items that score at least `threshold`, as `vecq.Index.search_range` does."""
        return self._current().index.search_range(queries, threshold, **options)

    def search_iter(self, query: ArrayLike, page: int = 100, **options: Any) -> Iterator[Result]:
        """Yield results page by page, all from one version, as `vecq.Index.search_iter` does."""
        return self._current().index.search_iter(query, page, **options)

    def searcher(self, k: int, **options: Any) -> Searcher:
        """Prepare a search of the current version, as `vecq.Index.searcher` does."""
        return self._current().index.searcher(k, **options)

    def get(self, ids: ArrayLike) -> NDArray[np.float32]:
        """Decode the vectors of items, as `vecq.Index.get` does."""
        return self._current().index.get(ids)

    def stats(self) -> IndexStats:
        """Return statistics of the whole graph, as `vecq.Index.stats` does."""
        return self._current().index.stats()

    # Properties of the current version

    @property
    def dim(self) -> int:
        """Number of dimensions."""
        return self._current().index.dim

    @property
    def metric(self) -> Metric:
        """ "ip", "cosine" or "l2"."""
        return self._current().index.metric

    @property
    def codec(self) -> Codec:
        """The codec of the vectors."""
        return self._current().index.codec

    @property
    def rerank_codec(self) -> Codec | None:
        """The codec of the rerank store; None if there is none."""
        return self._current().index.rerank_codec

    @property
    def recall_curve(self) -> RecallCurve | None:
        """The curve that the file keeps; None if it has none."""
        return self._current().index.recall_curve

    @property
    def ids(self) -> NDArray[Any]:
        """All ids, in the order in which items were added, which is that of masks."""
        return self._current().index.ids

    def __len__(self) -> int:
        return len(self._current().index)

    def __contains__(self, id: object) -> bool:
        return id in self._current().index

    def __enter__(self) -> Live:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        version = self._version
        if version is None:
            return "<vecq.Live, closed>"
        return f"<vecq.Live {version.name} of {self._path}: {version.index!r}>"

    # Loading

    def _current(self) -> Version:
        version = self._version
        if version is None:
            raise ArgumentError("index is closed: follow the file with vecq.Live again", "index")
        return version

    def _look(self, again: bool = False) -> bool:
        """Load the file if it differs from the last one seen; `again` retries a failed one."""
        try:
            seen = signature_of(self._path)
        except OSError as error:
            failure = FileError(f"{self._path}: {error.strerror}", "path")
            failure.errno, failure.filename = error.errno, self._path
            return self._fail(failure, None, again)
        if seen == self._seen and not (again and self._error):
            return False
        try:
            version = open_version(self._path, self._opening)
        except VecqError as failure:
            return self._fail(failure, seen, again)
        swapped = version.name != self._current().name
        self._seen, self._error = version.signature, None
        if swapped:
            self._swaps += 1
            self._version = version
            if self._on_swap is not None:
                self._on_swap(self)
        return swapped

    def _fail(self, error: VecqError, seen: Signature | None, again: bool) -> bool:
        """Keep the old version and tell the error, once for each state of the file."""
        if again or seen != self._seen:
            self._seen, self._error = seen, error
            if self._on_error is not None:
                self._on_error(error)
            else:
                warn_caller(f"the old version is kept: {error}", ReloadWarning)
        return False

    # Polling

    def _start(self) -> None:
        self._stopped = threading.Event()
        if self._interval is not None:
            arguments = weakref.ref(self), self._stopped, self._interval
            threading.Thread(target=_poll, args=arguments, name="vecq.Live", daemon=True).start()

    def _after_fork(self) -> None:
        """Replace the lock, which a thread of the parent may have held, and the thread."""
        stopped = self._stopped.is_set()
        self._loading = threading.RLock()
        if not stopped:
            self._start()

    def __del__(self) -> None:
        if stopped := getattr(self, "_stopped", None):
            stopped.set()


def _poll(handle: weakref.ref[Live], stopped: threading.Event, interval: float) -> None:
    while not stopped.wait(interval):
        live = handle()
        if live is None:
            return
        with live._loading:
            if not stopped.is_set():
                live._look()
        del live


def _restart_in_child() -> None:
    for live in list(_HANDLES):
        live._after_fork()


_HANDLES: weakref.WeakSet[Live] = weakref.WeakSet()
os.register_at_fork(after_in_child=_restart_in_child)
