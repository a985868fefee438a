"""Files of one matrix each, whatever their format: a row for each vector."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq import ArgumentError, DatasetError
from vecq.datasets import arrow, bins, vecs
from vecq.datasets.checks import blocks
from vecq.datasets.paths import reading, writing

SUFFIXES = (".npy", *vecs.DTYPES, *bins.DTYPES, *arrow.SUFFIXES)
# Formats that hold one type only; others hold the type that they are given.
DTYPES = {**vecs.DTYPES, **bins.DTYPES}


def read_matrix(path: str | Path, column: str | None = None) -> NDArray[Any]:
    """Reads a matrix by the suffix of its file; mapped, but for Parquet and Arrow.

    Args:
        column: of Parquet and Arrow files, the one to read.

    >>> read_matrix("sift_base.fvecs").shape
    (1000000, 128)
    """
    path = Path(path)
    with reading(path):
        if path.suffix in vecs.DTYPES:
            rows = vecs.read_vecs(path)
        elif path.suffix in bins.DTYPES:
            rows = bins.read_bin(path)
        elif path.suffix in arrow.SUFFIXES:
            rows = arrow.read_arrow(path, column)
        elif path.suffix == ".npy":
            rows = np.load(path, mmap_mode="r", allow_pickle=False)
        else:
            raise ArgumentError(unknown(path, SUFFIXES), "path")
        if rows.ndim != 2 or rows.dtype.kind not in "fiu":
            raise DatasetError(
                f"holds {rows.dtype} of shape {rows.shape}, expected rows of numbers", "shape"
            )
    return rows


def write_matrix(path: str | Path, rows: NDArray[Any]) -> None:
    """Writes a matrix in the format that the suffix names, all of it or nothing.

    >>> write_matrix("items.fbin", items)
    """
    path = Path(path)
    dtype = DTYPES.get(path.suffix, rows.dtype)
    if dtype != rows.dtype and dtype.kind in "iu":
        _check_whole(path, rows, dtype)
    write_blocks(path, (block for _, block in blocks(rows)), (len(rows), rows.shape[1]), rows.dtype)


def write_blocks(
    path: str | Path,
    parts: Iterable[NDArray[Any]],
    shape: tuple[int, int],
    dtype: np.dtype[Any] | type = np.float32,
) -> None:
    """Writes a matrix that comes block by block and need not fit into memory."""
    path, dtype = Path(path), np.dtype(dtype)
    if path.suffix not in SUFFIXES:
        raise ArgumentError(unknown(path, SUFFIXES), "path")
    parts = _counted(parts, shape)
    with writing(path) as part:
        if path.suffix in vecs.DTYPES:
            vecs.write_vecs(part, path.suffix, parts, shape[1])
        elif path.suffix in bins.DTYPES:
            bins.write_bin(part, path.suffix, parts, shape)
        elif path.suffix in arrow.SUFFIXES:
            arrow.write_arrow(part, path.suffix, parts, shape[1], dtype)
        else:
            _write_npy(part, parts, shape, dtype)


def _counted(parts: Iterable[NDArray[Any]], shape: tuple[int, int]) -> Iterator[NDArray[Any]]:
    """The same blocks, as long as they are what `shape` promises."""
    rows = 0
    for part in parts:
        rows += len(part)
        if part.shape[1:] != shape[1:] or rows > shape[0]:
            break
        yield part
    else:
        if rows == shape[0]:
            return
    raise ArgumentError(f"parts has {rows:,} rows or more in blocks, expected {shape}", "parts")


def unknown(path: Path, suffixes: Iterable[str]) -> str:
    """What to say of a file whose suffix says nothing."""
    return f"{path} has the suffix {path.suffix!r}, expected one of {', '.join(suffixes)}"


def _write_npy(
    path: Path, parts: Iterable[NDArray[Any]], shape: tuple[int, int], dtype: np.dtype[Any]
) -> None:
    header = {
        "descr": np.lib.format.dtype_to_descr(dtype),
        "fortran_order": False,
        "shape": shape,
    }
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for part in parts:
            file.write(np.ascontiguousarray(part, dtype).tobytes())


def _check_whole(path: Path, rows: NDArray[Any], dtype: np.dtype[Any]) -> None:
    limits = np.iinfo(dtype)
    for _, block in blocks(rows):
        if not ((block >= limits.min) & (block <= limits.max) & (block == np.rint(block))).all():
            raise DatasetError(
                f"{path}: {path.suffix} holds {dtype}, and not all values are whole numbers from "
                f"{limits.min} to {limits.max}",
                "values",
            )
