"""The steps of a change: a native call at a time, between which Ctrl-C works."""

import threading
import warnings
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq._native import ffi, lib
from vecq.core.arguments import thread_count
from vecq.core.arrays import as_floats, float_blocks, pointer
from vecq.core.errors import ArgumentError, QuantizationWarning, call
from vecq.core.progress import Progress, Report
from vecq.core.structs import new_struct
from vecq.quantization.codec import Codec, fit
from vecq.quantization.loss import warn_of_loss
from vecq.quantization.metric import Metric

# How long one native call may take before there is a look for Ctrl-C, in seconds.
SLICE = 0.1
# So few items are added, or removed, with one call in any case.
FEW = 64
# A share of values beyond a codec's range that costs recall.
DRIFTED = 0.01


class ChangeReport(Report):
    """Reports the progress of a change, and marks the index as being changed."""

    def __init__(self, index: "Growing", progress: Progress, total: int) -> None:
        super().__init__(progress, total)
        self._index = index

    def __enter__(self) -> "ChangeReport":
        self._index._busy = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._index._busy = False
        super().__exit__(kind, error, trace)


class Growing:
    """What changes of an index are made of."""

    _handle: Any
    _dim: int
    _metric: Metric
    _codec: Codec
    _wide: Codec | None
    _adding: threading.RLock
    _busy: bool
    _warned: bool  # of values that a codec clips

    def __len__(self) -> int:
        raise NotImplementedError

    def _held(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which ids there are items of."""
        held = np.empty(len(ids), np.uint8)
        call(
            lib.vecq_index_contains,
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
        done, many, clock = 0, FEW, report.seconds
        while done < len(ids):
            before = clock()
            part = ids[done : done + many]
            call(lib.vecq_index_remove, self._handle, pointer(part, "int64_t[]"), len(part))
            done += len(part)
            report(done, len(ids))
            factor = SLICE / max(clock() - before, 1e-6)
            many = max(FEW, int(many * min(2.0, factor)))

    def _repair(self, threads: int = 0) -> None:
        """Repairs the graph where that is due. After an interrupt the next change goes on."""
        done, total = ffi.new("size_t *"), ffi.new("size_t *")
        while True:
            call(lib.vecq_index_repair, self._handle, threads, done, total)
            if done[0] == total[0]:
                return

    def _turn(self) -> threading.RLock:
        """The lock of a change: one at a time, and none from its own progress function.

        `with` enters and leaves the lock itself in C, where no interrupt is raised. An interrupt
        may leave `_busy` set: it counts only while this thread holds the lock.
        """
        if self._busy and self._adding._is_owned():  # type: ignore[attr-defined]
            raise ArgumentError("progress may not change the index that it watches", "progress")
        return self._adding

    def _grow(
        self,
        rows: NDArray[Any],
        ids: NDArray[np.int64] | None,
        users: NDArray[Any] | None,
        threads: int,
        progress: Progress,
        updating: bool = False,
    ) -> None:
        threads = thread_count(threads)
        with self._turn(), ChangeReport(self, progress, len(rows)) as report:
            if users is None and 0 < len(rows) <= FEW and self._add_few(rows, ids, updating):
                report(len(rows), len(rows))
            else:
                self._grow_by_many(rows, ids, users, threads, updating, report)
            self._repair(threads)
        self._warn_of_drift()

    def _grow_by_many(
        self,
        rows: NDArray[Any],
        ids: NDArray[np.int64] | None,
        users: NDArray[Any] | None,
        threads: int,
        updating: bool,
        report: Report,
    ) -> None:
        first = len(self) == 0
        with self._addition():
            self._stage(rows, ids, users, threads, updating)
            self._link(threads, report)
            call(lib.vecq_index_settle, self._handle)
        if first and self._wide is None and self._codec.kind in ("int8", "int16"):
            warn_of_loss(self._codec, rows, self._metric)

    def _addition(self) -> Any:
        """A context manager that ends the addition, also where the body raises.

        `with` leaves it in C, where Python does not look for signals.
        """
        return ffi.gc(self._handle, lib.vecq_index_end_addition)

    def _warn_of_drift(self) -> None:
        """Says so, once, if many values lie beyond the range that a codec was fitted to."""
        stores = [self._codec] if self._wide is None else [self._codec, self._wide]
        if self._warned or all(store.settings["scale"] != "global" for store in stores):
            return
        lately, fitted = self._clipped()
        if lately > max(DRIFTED, 4 * fitted):
            self._warned = True
            remedy = (
                "build it anew, or with rerank_codec=, which refit() could start from"
                if self._wide is None
                else "index.refit() fits it to what there is now"
            )
            warnings.warn(
                f"{lately:.1%} of the values added lately lie beyond the range that the codec was "
                f"fitted to ({fitted:.2%} did then), which costs recall: {remedy}",
                QuantizationWarning,
                stacklevel=4,
            )

    def _clipped(self) -> tuple[float, float]:
        found = new_struct("vecq_clipped")
        call(lib.vecq_index_get_clipped, self._handle, found)
        return found.recent, found.sample

    def _add_few(self, rows: NDArray[Any], ids: NDArray[np.int64] | None, updating: bool) -> bool:
        """False if these are the first, for which more has to be done."""
        vectors, added = as_floats(rows), ffi.new("int32_t *")
        call(
            lib.vecq_index_add_few,
            *(self._handle, pointer(vectors, "float[]"), len(rows)),
            *(ffi.NULL if ids is None else pointer(ids, "int64_t[]"), updating, added),
        )
        return bool(added[0])

    def _stage(
        self,
        rows: NDArray[Any],
        ids: NDArray[np.int64] | None,
        users: NDArray[Any] | None,
        threads: int,
        updating: bool = False,
    ) -> None:
        if len(rows) == 0:
            return
        call(lib.vecq_index_reserve, self._handle, len(self) + len(rows))
        self._fit(rows)
        stage = lib.vecq_index_stage_updates if updating else lib.vecq_index_stage
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
