"""Steps of a change: native calls of about 0.1 s each, between which Ctrl-C works.

One change runs at a time. An addition stages rows, links them and settles; `end_addition` runs in
any case, so that an interrupt leaves a valid index with the rows that were linked by then.
"""

import threading
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq._native import ffi, lib
from vecq.core.arrays import as_floats, float_blocks, pointer
from vecq.core.errors import ArgumentError, QuantizationWarning, call
from vecq.core.names import names_of
from vecq.core.native_index import NativeIndex
from vecq.core.progress import Progress, Report
from vecq.core.structs import new_struct
from vecq.core.warn import warn_caller
from vecq.quantization.codec import INTEGERS, fit
from vecq.quantization.loss import warn_of_loss
from vecq.updates.biases import give_biases

# Target duration of one native call, in seconds.
SLICE = 0.1
# Changes of at most this many items are one native call.
FEW = 64
# Rows of the first and of the longest call that links.
FIRST_LINK, LONGEST_LINK = 256, 1 << 20
# How the graph of an addition may be built.
BUILDS = {
    "auto": lib.VECQ_BUILD_AUTO,
    "bulk": lib.VECQ_BUILD_BULK,
    "incremental": lib.VECQ_BUILD_INCREMENTAL,
}
# Share of values beyond a codec's range that costs recall.
DRIFTED = 0.01


class ChangeReport(Report):
    """Reports the progress of a change, and marks the index as being changed."""

    def __init__(self, native: NativeIndex, progress: Progress, total: int) -> None:
        super().__init__(progress, total)
        self._native = native

    def __enter__(self) -> "ChangeReport":
        self._native.busy = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._native.busy = False
        super().__exit__(kind, error, trace)


def change_lock(native: NativeIndex) -> threading.RLock:
    """Return the lock of changes; refuse a change from the progress function of another one.

    `with` enters and leaves the lock itself in C, where no interrupt is raised. An interrupt may
    leave `busy` set: it counts only while this thread holds the lock.
    """
    if native.busy and native.changing._is_owned():  # type: ignore[attr-defined]
        raise ArgumentError("progress may not change the index that it watches", "progress")
    return native.changing


def addition(native: NativeIndex) -> Any:
    """A context manager that ends the addition, also if the body raises.

    `with` leaves it in C, where Python does not look for signals.
    """
    return ffi.gc(native.handle, lib.vecq_index_end_addition)


def add_few(
    native: NativeIndex,
    rows: NDArray[Any],
    ids: NDArray[np.int64] | None,
    biases: NDArray[np.float32] | None,
    updating: bool,
) -> bool:
    """Add at most FEW rows in one call; False if the index is empty and needs a full addition."""
    give_biases(native, biases)
    vectors, added = as_floats(rows), ffi.new("int32_t *")
    call(
        lib.vecq_index_add_few,
        *(native.handle, pointer(vectors, "float[]"), len(rows)),
        *(ffi.NULL if ids is None else pointer(ids, "int64_t[]"), updating, added),
    )
    return bool(added[0])


def add_many(
    native: NativeIndex,
    rows: NDArray[Any],
    ids: NDArray[np.int64] | None,
    users: NDArray[Any] | None,
    biases: NDArray[np.float32] | None,
    threads: int,
    updating: bool,
    build: int,
    report: Report,
    columns: Any = None,
) -> None:
    """Stage and link rows; warn of a codec that loses much on the first ones.

    `columns` are native columns of attributes, as `native_columns` returns them.
    """
    first = len(native) == 0
    with addition(native):
        if len(rows) > 0:  # an index that is read-only allows additions of nothing
            choose_build(native, build)
        stage(native, rows, ids, users, threads, updating, biases)
        if columns is not None:
            stage_attributes(native, columns, len(rows))
        link(native, threads, report)
    if first:
        warn_of_loss_of(native, rows)


def choose_build(native: NativeIndex, build: int) -> None:
    """Choose how the graph of the next addition is built; refuse what is not possible."""
    call(lib.vecq_index_choose_build, native.handle, build)


def warn_of_loss_of(native: NativeIndex, rows: NDArray[Any]) -> None:
    """Warn if integer codes without a rerank store lose much recall on the first rows."""
    if native.rerank_codec is None and native.codec.kind in INTEGERS:
        warn_of_loss(native.codec, rows, native.metric)


def stage(
    native: NativeIndex,
    rows: NDArray[Any],
    ids: NDArray[np.int64] | None,
    users: NDArray[Any] | None,
    threads: int,
    updating: bool = False,
    biases: NDArray[np.float32] | None = None,
) -> None:
    """Encode rows into free slots, where searches do not see them yet."""
    if len(rows) == 0:
        return
    reserve(native, len(native) + len(rows))
    if len(native) == 0 and needs_fit(native):
        fit_codecs(native, rows)
    stage_rows(native, rows, ids, threads, updating=updating, biases=biases)
    if users is not None:
        sample_users(native, users)


def reserve(native: NativeIndex, rows: int) -> None:
    """Reserve capacity for `rows` items in all."""
    call(lib.vecq_index_reserve, native.handle, rows)


def stage_rows(
    native: NativeIndex,
    rows: NDArray[Any],
    ids: NDArray[np.int64] | None,
    threads: int,
    *,
    updating: bool = False,
    biases: NDArray[np.float32] | None = None,
    number: int = 0,
) -> None:
    """Encode rows behind those that are staged already; errors number them from `number`."""
    function = lib.vecq_index_stage_updates if updating else lib.vecq_index_stage
    for first, block in float_blocks(rows):
        numbers = ffi.NULL
        if ids is not None:
            numbers = pointer(ids[first : first + len(block)], "int64_t[]")
        give_biases(native, None if biases is None else biases[first : first + len(block)])
        call(
            function,
            *(native.handle, pointer(block, "float[]"), len(block)),
            *(numbers, number + first, threads),
        )


def stage_attributes(native: NativeIndex, columns: Any, count: int) -> None:
    """Give the last `count` staged rows native columns of attributes."""
    given, column_count, _ = columns
    call(lib.vecq_index_stage_attributes, native.handle, given, column_count, count)


def sample_users(native: NativeIndex, users: NDArray[Any]) -> None:
    """Give the users for whom the next addition repairs the graph."""
    for first, block in float_blocks(users):
        call(
            lib.vecq_index_sample_users,
            *(native.handle, pointer(block, "float[]"), len(block), first),
        )


def needs_fit(native: NativeIndex) -> bool:
    """Whether a codec learns from a sample."""
    stores = (native.codec, native.rerank_codec)
    return any(codec is not None and codec.needs_fit for codec in stores)


def fit_codecs(native: NativeIndex, rows: NDArray[Any]) -> None:
    """Fit the codecs that learn from a sample to evenly spaced rows, before the first ones."""
    fit(lambda *sample: call(lib.vecq_index_fit, native.handle, *sample), rows, "vectors")


def link(native: NativeIndex, threads: int, report: Report) -> None:
    """Link the staged rows, a slice of time at a time, and end the addition."""
    done, total = ffi.new("size_t *"), ffi.new("size_t *")
    rows, clock = FIRST_LINK, report.seconds
    while True:
        before = clock()
        call(lib.vecq_index_link, native.handle, rows, threads, done, total)
        report(done[0], total[0])
        if done[0] == total[0]:
            break
        factor = SLICE / max(clock() - before, 1e-6)
        rows = min(max(FIRST_LINK, int(rows * min(2.0, factor))), LONGEST_LINK)
    call(lib.vecq_index_settle, native.handle)


def repair(native: NativeIndex, threads: int = 0) -> None:
    """Repair the graph where that is due. After an interrupt the next change continues it."""
    done, total = ffi.new("size_t *"), ffi.new("size_t *")
    while True:
        call(lib.vecq_index_repair, native.handle, threads, done, total)
        if done[0] == total[0]:
            return


def remove_slices(native: NativeIndex, ids: NDArray[np.int64], report: Report) -> None:
    """Remove items, a slice of time at a time."""
    done, count, clock = 0, FEW, report.seconds
    while done < len(ids):
        before = clock()
        part = ids[done : done + count]
        call(lib.vecq_index_remove, native.handle, pointer(part, "int64_t[]"), len(part))
        done += len(part)
        report(done, len(ids))
        factor = SLICE / max(clock() - before, 1e-6)
        count = max(FEW, int(count * min(2.0, factor)))


def require_all(native: NativeIndex, ids: NDArray[np.int64]) -> None:
    """Refuse ids that the index does not have, or that are given twice."""
    missing = np.flatnonzero(~native.contains(ids))
    if len(missing) > 0:
        raise ArgumentError(
            f"ids has {_shown(native, ids[missing[0]])} at {missing[0]}, which is not in the index",
            "ids",
        )
    found, counts = np.unique(ids, return_counts=True)
    if len(found) < len(ids):
        twice = _shown(native, found[counts > 1][0])
        raise ArgumentError(f"ids has {twice} twice, expected it once", "ids")


def _shown(native: NativeIndex, number: np.int64) -> str:
    """Return an id for a message."""
    if not native.has_names:
        return str(number)
    return repr(names_of(native, np.array([number]))[0])


def clipped(native: NativeIndex) -> tuple[float, float]:
    """Share of values beyond a shared scale's range: of recent additions, and of the sample."""
    found = new_struct("vecq_clipped")
    call(lib.vecq_index_get_clipped, native.handle, found)
    return found.recent, found.sample


def warn_of_drift(native: NativeIndex) -> None:
    """Warn once if many recent values lie beyond the range that a codec was fitted to."""
    stores = [own for own in (native.codec, native.rerank_codec) if own is not None]
    if native.warned or all(own.settings["scale"] != "global" for own in stores):
        return
    recent, fitted = clipped(native)
    if recent > max(DRIFTED, 4 * fitted):
        native.warned = True
        remedy = (
            "build the index again, or build it with rerank_codec=, which refit() needs"
            if native.rerank_codec is None
            else "index.refit() fits the codec to the items that there are now"
        )
        warn_caller(
            f"{recent:.1%} of the values added lately lie beyond the range that the codec was "
            f"fitted to (at that time {fitted:.2%} did), which costs recall: {remedy}",
            QuantizationWarning,
        )
