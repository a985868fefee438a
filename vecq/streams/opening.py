"""Opens what `vecq.build` takes as a source as a stream of blocks."""

import os
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Any

from vecq.core.arguments import type_of
from vecq.core.errors import ArgumentError
from vecq.storage.paths import require_file
from vecq.streams.arrays import ArrayStream, map_matrices
from vecq.streams.block import Stream
from vecq.streams.iterables import ITEMS, IterableStream
from vecq.streams.tables import Columns, TableStream

TABLES = (".parquet", ".pq", ".arrow", ".feather", ".ipc")
MATRICES = (".npy", ".fvecs", ".bvecs", ".fbin", ".f16bin", ".u8bin", ".i8bin")
FORMS = (
    f"a {', '.join((*TABLES, *MATRICES))} file, a list of such files, a folder of Parquet or "
    f"Arrow files, an Arrow table, reader or data set, a matrix, or an iterable of {ITEMS}"
)


def open_stream(source: Any, columns: Columns) -> Stream:
    """Open a source.

    Raises:
        ArgumentError: The source is none of FORMS, is empty or lacks a column.
        DatasetError: A file of a matrix is damaged.
        FileError: A file of columns cannot be read.
    """
    paths = _paths(source)
    if paths:
        return _open_files(paths, columns)
    if _is_arrow(source):
        return TableStream([source], columns)
    if hasattr(source, "shape") and hasattr(source, "dtype"):
        return _without_columns(columns, ArrayStream([("the array", source)]))
    if not isinstance(source, Iterable) or isinstance(source, str | bytes | dict):
        raise ArgumentError(f"source is {type_of(source)}, expected {FORMS}", "source")
    rest = iter(source)
    first = next(rest, None)
    if first is None:
        raise ArgumentError(f"source yields nothing, expected {ITEMS}", "source")
    if hasattr(first, "schema") and hasattr(first, "num_rows"):
        return TableStream([_batches(first, rest)], columns)
    return _without_columns(columns, IterableStream(first, rest))


def _paths(source: Any) -> list[Path]:
    """Return the files that a source names; none if it is no path or list of paths."""
    given = source if isinstance(source, list | tuple) else [source]
    named = [isinstance(one, str | os.PathLike) for one in given]
    if not any(named):
        return []
    if not all(named):
        other = given[named.index(False)]
        raise ArgumentError(
            f"source has {type_of(other)} among paths, expected paths only", "source"
        )
    paths = []
    for one in map(Path, given):
        found = [one]
        if one.is_dir():
            found = sorted(file for file in one.iterdir() if file.suffix in TABLES)
        if not found:
            raise ArgumentError(
                f"source: {one} is a folder without {', '.join(TABLES)} files", "source"
            )
        paths += found
    return paths


def _open_files(paths: list[Path], columns: Columns) -> Stream:
    for path in paths:
        require_file(path, "source")
        if path.suffix not in (*TABLES, *MATRICES):
            raise ArgumentError(
                f"source: {path} has the suffix {path.suffix!r}, expected one of "
                f"{', '.join((*TABLES, *MATRICES))}",
                "source",
            )
    are_tables = [path.suffix in TABLES for path in paths]
    if all(are_tables):
        return TableStream(paths, columns)
    if any(are_tables):
        other = paths[are_tables.index(not are_tables[0])]
        raise ArgumentError(
            f"source: {paths[0]} and {other} are of different kinds: expected files of columns "
            f"({', '.join(TABLES)}) or of matrices ({', '.join(MATRICES)})",
            "source",
        )
    return _without_columns(columns, map_matrices(paths))


def _is_arrow(source: Any) -> bool:
    """Whether a source is an object of columns: a table, reader or data set, or a data frame."""
    has_columns = hasattr(source, "schema") or hasattr(source, "columns")
    return has_columns and any(
        hasattr(source, name) for name in ("__arrow_c_stream__", "__arrow_c_array__", "scanner")
    )


def _batches(first: Any, rest: Iterable[Any]) -> Iterable[Any]:
    """Yield record batches; tables among them as their batches."""
    for one in chain([first], rest):
        yield from one.to_batches() if hasattr(one, "to_batches") else [one]


def _without_columns(columns: Columns, stream: Stream) -> Stream:
    option = columns.first_option()
    if option is not None:
        raise ArgumentError(
            f"{option} is given, but source has no columns: it is for Parquet, Arrow and record "
            "batches",
            option,
        )
    return stream
