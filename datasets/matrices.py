"""Files that hold one matrix, in any format: a row for each vector."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq import ArgumentError, DatasetError
from vecq.datasets import arrow, bins, vecs
from vecq.datasets.checks import blocks
from vecq.datasets.npy import map_npy
from vecq.datasets.paths import reading, writing

SUFFIXES = (".npy", *vecs.DTYPES, *bins.DTYPES, *arrow.SUFFIXES)
# Formats with a fixed type; the others keep the type of the values.
DTYPES = {**vecs.DTYPES, **bins.DTYPES}


def read_matrix(path: str | Path, column: str | None = None) -> NDArray[Any]:
    """Read a matrix by the suffix of its file; mapped, except for Parquet and Arrow.

    Args:
        path: The file.
        column: The column of Parquet and Arrow files. Default: the only one with vectors.

    Returns:
        The matrix, of the type in the file.

    Raises:
        DatasetError: The file is missing, damaged or not a matrix of numbers.
        ArgumentError: The suffix is unknown.

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
            rows = map_npy(path)
        else:
            raise ArgumentError(unknown(path, SUFFIXES), "path")
        if rows.ndim != 2 or rows.dtype.kind not in "fiu":
            raise DatasetError(
                f"holds {rows.dtype} of shape {rows.shape}, expected a matrix of numbers", "shape"
            )
    return rows


def write_matrix(path: str | Path, rows: NDArray[Any]) -> None:
    """Write a matrix in the format of the suffix, all of it or nothing.

    >>> write_matrix("items.fbin", items)
    """
    parts = (block for _, block in blocks(rows))
    write_blocks(path, parts, (len(rows), rows.shape[1]), rows.dtype)


def write_blocks(
    path: str | Path,
    parts: Iterable[NDArray[Any]],
    shape: tuple[int, int],
    dtype: np.dtype[Any] | type = np.float32,
) -> None:
    """Write a matrix block by block, so that it need not fit into memory.

    Args:
        path: The file.
        parts: The blocks of rows.
        shape: Rows and columns of the whole matrix.
        dtype: The type of the values; some formats fix it. Default: float32.

    Raises:
        ArgumentError: The blocks do not add up to `shape`, or the suffix is unknown.
        DatasetError: The format can't hold a value, or the file can't be written.
    """
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise ArgumentError(unknown(path, SUFFIXES), "path")
    kind = DTYPES.get(path.suffix, np.dtype(dtype))
    parts = _checked(path, parts, shape, kind)
    with writing(path) as part:
        if path.suffix in vecs.DTYPES:
            vecs.write_vecs(part, parts, shape[1])
        elif path.suffix in bins.DTYPES:
            bins.write_bin(part, parts, shape)
        elif path.suffix in arrow.SUFFIXES:
            arrow.write_arrow(part, path.suffix, parts, shape[1], kind)
        else:
            _write_npy(part, parts, shape, kind)


def _checked(
    path: Path, parts: Iterable[NDArray[Any]], shape: tuple[int, int], dtype: np.dtype[Any]
) -> Iterator[NDArray[Any]]:
    """Yield the blocks as `dtype`; raise if they do not add up to `shape`."""
    rows = 0
    for part in parts:
        rows += len(part)
        if part.shape[1:] != shape[1:] or rows > shape[0]:
            break
        yield _as(path, part, dtype)
    else:
        if rows == shape[0]:
            return
    raise ArgumentError(f"parts has {rows:,} rows or more in blocks, expected {shape}", "parts")


def _as(path: Path, part: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Convert values to a type; raise if it can't hold them."""
    if part.dtype == dtype:
        return np.ascontiguousarray(part)
    limits = np.finfo(dtype) if dtype.kind == "f" else np.iinfo(dtype)
    fits = (part >= limits.min) & (part <= limits.max)
    if dtype.kind != "f":
        fits &= part == np.rint(part)
    if not fits.all():
        kind = "numbers" if dtype.kind == "f" else "whole numbers"
        raise DatasetError(
            f"{path}: the format holds {kind} from {limits.min} to {limits.max} ({dtype}), "
            f"but there is {part[~fits][0]}",
            "values",
        )
    return np.ascontiguousarray(part, dtype)


def unknown(path: Path, suffixes: Iterable[str]) -> str:
    """Return the message for an unknown suffix."""
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
            file.write(part.tobytes())
