"""Files of big-ann-benchmarks: 32-bit number of rows, 32-bit dimension, then all values."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq import DatasetError

DTYPES: dict[str, np.dtype[Any]] = {
    ".fbin": np.dtype("<f4"),
    ".f16bin": np.dtype("<f2"),
    ".u8bin": np.dtype("u1"),
    ".i8bin": np.dtype("i1"),
    ".ibin": np.dtype("<i4"),
}
HEADER = 8


def read_bin(path: Path) -> NDArray[Any]:
    """Map a file as a matrix."""
    rows, dim, size = header(path)
    dtype = DTYPES[path.suffix]
    expected = HEADER + rows * dim * dtype.itemsize
    if size != expected:
        raise DatasetError(
            f"has {size:,} bytes, but its header declares {rows:,} rows x {dim:,} of {dtype}, "
            f"which take {expected:,}: the file is truncated, or its values have another type",
            "rows",
        )
    mapped: NDArray[Any] = np.memmap(path, dtype, "r", HEADER, (rows, dim))
    return mapped


def read_truth(path: Path) -> dict[str, NDArray[Any]]:
    """Map neighbors and, if the file has them, their distances."""
    rows, k, size = header(path)
    values = rows * k * 4
    if size not in (HEADER + values, HEADER + 2 * values):
        raise DatasetError(
            f"has {size:,} bytes, but its header declares {rows:,} x {k:,} neighbors, which take "
            f"{HEADER + values:,}, or {HEADER + 2 * values:,} with distances: it is truncated",
            "neighbors",
        )
    truth: dict[str, NDArray[Any]] = {"neighbors": np.memmap(path, "<i4", "r", HEADER, (rows, k))}
    if size > HEADER + values:
        truth["distances"] = np.memmap(path, "<f4", "r", HEADER + values, (rows, k))
    return truth


def header(path: Path) -> tuple[int, int, int]:
    """Return rows and dimension by the header, and the size of the file."""
    size = path.stat().st_size
    if size < HEADER:
        raise DatasetError(f"has {size} bytes, expected a header of {HEADER}", "rows")
    rows, dim = (int(number) for number in np.fromfile(path, "<u4", 2))
    if rows == 0 or dim == 0:
        raise DatasetError(
            f"declares {rows} rows of dim {dim}, expected at least 1 of each", "rows"
        )
    return rows, dim, size


def write_bin(path: Path, blocks: Iterable[NDArray[Any]], shape: tuple[int, int]) -> None:
    """Write blocks of rows one after another."""
    with path.open("wb") as file:
        file.write(np.array(shape, "<u4").tobytes())
        for block in blocks:
            file.write(block.tobytes())
