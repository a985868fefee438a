"""Changes of an index: add, upsert, remove, refit and compact, one at a time."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecq._native import lib
from vecq.core.arguments import MOST, choose, thread_count, whole
from vecq.core.arrays import as_biases, as_ids, as_vectors
from vecq.core.errors import ArgumentError
from vecq.core.names import are_strings, name_numbers
from vecq.core.native_index import NativeIndex
from vecq.core.progress import Progress
from vecq.search.attributes import native_columns
from vecq.search.items import as_numbers_of
from vecq.storage.tasks import run_task
from vecq.updates.steps import (
    BUILDS,
    FEW,
    ChangeReport,
    add_few,
    add_many,
    change_lock,
    remove_slices,
    repair,
    require_all,
    warn_of_drift,
)


def add(
    native: NativeIndex,
    vectors: ArrayLike,
    ids: ArrayLike | None,
    users: ArrayLike | None,
    threads: int,
    progress: Progress,
    *,
    bias: ArrayLike | None = None,
    updating: bool = False,
    build: str = "auto",
    attributes: Any = None,
) -> None:
    """Add rows, or with `updating` replace the vectors of ids that there are."""
    builder = choose(BUILDS, build, "build")
    rows = as_vectors(vectors, "vectors", native.dim)
    sample = None if users is None else as_vectors(users, "users", native.dim)
    biases = None if bias is None else as_biases(bias, "bias", len(rows))
    threads = thread_count(threads)
    columns = None if attributes is None else native_columns(native, attributes, len(rows))
    with change_lock(native), ChangeReport(native, progress, len(rows)) as report:
        numbers = _numbers(native, ids, len(rows), updating)
        few = sample is None and columns is None and 0 < len(rows) <= FEW and build != "bulk"
        if few and add_few(native, rows, numbers, biases, updating):
            report(len(rows), len(rows))
        else:
            add_many(
                *(native, rows, numbers, sample, biases, threads, updating, builder, report),
                columns,
            )
        repair(native, threads)
    warn_of_drift(native)


def _numbers(native: NativeIndex, ids: Any, count: int, updating: bool) -> NDArray[np.int64] | None:
    """Return ids as native code knows them; the first ids decide whether they are strings."""
    if len(native) == 0 and count > 0:
        choose_id_type(native, ids)
    return numbers_of_ids(native, ids, count, updating)


def choose_id_type(native: NativeIndex, ids: Any) -> None:
    """Use string or integer ids, as the first ids of an index are, unless the type is fixed."""
    strings = ids is not None and are_strings(ids)
    if not native.has_id_type and strings != native.has_names:
        native.use_names(strings)


def numbers_of_ids(
    native: NativeIndex, ids: Any, count: int, updating: bool = False
) -> NDArray[np.int64] | None:
    """Return ids as native code knows them; None if the index numbers its items."""
    if native.has_names:
        if ids is None:
            raise ArgumentError(
                "ids is None, expected a string per item: the index has string ids", "ids"
            )
        return name_numbers(native, ids, "ids", count)
    if updating:
        ids = np.atleast_1d(np.asarray(ids))
    return None if ids is None else as_ids(ids, "ids", count)


def remove(native: NativeIndex, ids: ArrayLike, progress: Progress) -> None:
    """Remove items and repair the graph around them."""
    with change_lock(native), ChangeReport(native, progress, 0) as report:
        numbers = as_numbers_of(native, ids)
        if len(numbers) > FEW:
            require_all(native, numbers)
        remove_slices(native, numbers, report)
        repair(native)


def refit(native: NativeIndex, progress: Progress) -> None:
    """Fit the codec to the items that there are now, and encode them again."""
    with change_lock(native), ChangeReport(native, progress, len(native)) as report:
        run_task(lib.vecq_task_refit, native.handle, report=report)
        native.warned = False


def compact(native: NativeIndex, progress: Progress) -> None:
    """Move items to the slots that removed ones left, and free the rest."""
    with change_lock(native), ChangeReport(native, progress, len(native)) as report:
        run_task(lib.vecq_task_compact, native.handle, report=report)


def partition(native: NativeIndex, cells: int | None, progress: Progress) -> None:
    """Group the items into cells around centroids."""
    count = 0 if cells is None else whole(cells, "cells", 1, MOST)
    with change_lock(native), ChangeReport(native, progress, len(native)) as report:
        run_task(lib.vecq_task_partition, native.handle, count, report=report)
